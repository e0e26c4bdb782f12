"""Weights boundary of single points in all layers: DeepFool on every trainable parameter, many points at once.

Each point moves a copy of the parameters of its own. A fixed number of slots hold copies; a slot whose point is
finished takes the next waiting one, so the batch stays full and the compiled program has one shape.
"""

import keras
import numpy as np

from attribution.boundary import points as boundary
from attribution.networks import copy_derivatives
from attribution.numerics.residuals import predictions
from attribution.runtime import log

# Attempts to step over a boundary that has been reached, each ten times as far past it as the one before.
CROSSINGS = 6


def overshoot(logits: np.ndarray, tries: np.ndarray, dtype: str) -> np.ndarray:
    """(m,) how far past the boundary the attempts number `tries` (m,), from 1, go, in units of the logits (m, ..., C).

    The first one is `boundary.OVERSHOOT` of the largest logit, or what `dtype` resolves, if that is more.
    """
    scale = np.maximum(np.abs(logits).reshape(len(logits), -1).max(axis=1), boundary.TOLERANCE)
    share = max(boundary.OVERSHOOT, 8 * float(np.finfo(dtype).eps))
    return np.where(tries > 0, share * scale * 10.0 ** (tries - 1), 0.0)


def top_gap(logits: np.ndarray) -> np.ndarray:
    """(...,) difference of the two largest logits of (..., C)."""
    top = np.partition(boundary.class_logits(logits), -2, axis=-1)
    return top[..., -1] - top[..., -2]


def other_classes(predicted: np.ndarray, classes: int) -> np.ndarray:
    """(classes - 1, m) int64: for each of the predicted classes (m,) all others in their order."""
    number = np.arange(classes - 1)[:, None]
    return number + (number >= predicted)


def differences(predicted: np.ndarray, others: np.ndarray, classes: int) -> np.ndarray:
    """(J, m, classes) seeds of f_other - f_predicted: onehot(others (J, m)) - onehot(predicted (m,))."""
    unit = np.eye(classes)
    return unit[others] - unit[predicted]


def start_logits(network: copy_derivatives.Network, x, dtype: str) -> np.ndarray:
    """(n, C) float64 logits of the network as it is, `network.m` samples at a time through its copies."""
    theta, parts = network.repeat(), []
    for i in range(0, len(x), network.m):
        part = np.asarray(x[i : i + network.m], dtype)
        filled = np.concatenate([part, np.zeros((network.m - len(part), *part.shape[1:]), dtype)])
        parts.append(network.state(theta, filled)[0].numpy()[: len(part)].astype(np.float64))
    return np.concatenate(parts)


def check(norm: str, dtype: str, counts: dict) -> None:
    """Raise a ValueError that names a setting which cannot be; `counts` are numbers that must be 1 or more."""
    if norm not in boundary.DUAL:
        raise ValueError(f"boundary norm is '{norm}'; allowed are {', '.join(boundary.DUAL)}")
    if dtype not in ("float64", "float32"):
        raise ValueError(f"boundary precision is '{dtype}'; allowed are float64, float32")
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"boundary {name} is {value}; allowed is 1 or more")


def deepfool(
    model: keras.Model,
    x: np.ndarray,
    norm: str = "l2",
    slots: int = 16,
    max_steps: int = boundary.MAX_STEPS,
    tolerance: float = boundary.TOLERANCE,
    dtype: str = "float64",
    label: str = "boundary scores, all layers",
) -> boundary.Points:
    """DeepFool (Moosavi-Dezfooli et al. 2016, algorithm 2) on all trainable parameters, each point for itself.

    A step takes the class c with the smallest |f_c - f_p| / ||grad||, p being the class predicted at the start, and
    moves by that ratio along the gradient (in l1 and linf along that norm's steepest direction, ||.|| being its dual).
    It ends when the prediction has changed or the two largest logits differ by less than `tolerance`. The score is the
    norm of the total move. A point that stands on the boundary then takes up to `CROSSINGS` tiny steps over it, not
    part of the score; it is solved when the moved network predicts another class.

    Args:
        model: see `copies.copies`; it is not changed.
        x: (n, ...) samples. norm: `l2`, `l1` or `linf`.
        slots: points at a time, each with its copy of the parameters; does not change the result beyond rounding.
        max_steps: after which a point is unsolved. dtype: float64 or float32, of parameters and computation.
        label: names the progress.

    Returns:
        Points; `target` is the class that the moved network predicts, for unsolved points the last one aimed at.

    Raises:
        ValueError: for a setting that cannot be, logits that are not finite, or a network that cannot be copied.
    """
    check(norm, dtype, {"slots": slots, "max_steps": max_steps})
    return walk(copy_derivatives.network(model, slots, norm, dtype), x, max_steps, tolerance, dtype, label)


def walk(
    network: copy_derivatives.Network,
    x: np.ndarray,
    max_steps: int,
    tolerance: float = boundary.TOLERANCE,
    dtype: str = "float64",
    label: str = "boundary scores, all layers",
) -> boundary.Points:
    """`deepfool` with copies that are there already, so that several calls compile once.

    Raises:
        ValueError: for logits that are not finite.
    """
    m, n = network.m, len(x)
    first = start_logits(network, x, dtype) if n else np.empty((0, 1))
    if not np.isfinite(first).all():
        raise ValueError("the network's logits are not finite; train the model again")
    predicted = predictions(first)
    classes = boundary.class_logits(first).shape[1]
    score, solved = np.full(n, np.nan), np.zeros(n, bool)
    steps, target = np.zeros(n, np.int64), predicted.copy()

    theta, waiting, bar = network.repeat(), 0, log.progress((), label, total=n)
    point, samples = np.full(m, -1), np.zeros((m, *x.shape[1:]), dtype)
    logits, length = np.zeros((m, first.shape[1])), np.zeros(m)
    stuck, tries, reached = np.zeros(m, bool), np.zeros(m, np.int64), np.zeros(m)
    while True:
        reset = np.zeros(m, bool)
        for slot in range(m):
            # a finished point may be followed by others that need no step
            while True:
                i = point[slot]
                if i >= 0:
                    changed = predictions(logits[slot]) != predicted[i]
                    if not tries[slot]:
                        reached[slot] = length[slot]
                    close = not changed and not stuck[slot] and top_gap(logits[slot]) < tolerance
                    over = changed or stuck[slot] or tries[slot] == CROSSINGS
                    if not over and (close or tries[slot]):
                        tries[slot] += 1
                        break
                    if not over and steps[i] < max_steps:
                        steps[i] += 1
                        break
                    if changed:
                        score[i], solved[i], target[i] = reached[slot], True, predictions(logits[slot])
                    point[slot] = -1
                    bar.update()
                if waiting == n:
                    break
                point[slot], samples[slot], logits[slot] = waiting, x[waiting], first[waiting]
                length[slot], stuck[slot], tries[slot], reset[slot] = 0.0, False, 0, True
                waiting += 1
        live = point >= 0
        if not live.any():
            break
        # an idle slot computes like a point of class 0, and does not move
        own = np.where(live, predicted[point], 0) if n else np.zeros(m, np.int64)
        others = other_classes(own, classes)
        theta, chosen, stuck = network.step(
            theta, samples, differences(own, others, classes).astype(dtype),
            overshoot(logits, tries, dtype).astype(dtype), live, reset,
        )  # fmt: skip
        chosen, stuck = chosen.numpy(), stuck.numpy() & live
        target[point[live]] = others[chosen, np.arange(m)][live]
        logits, length = (value.numpy().astype(np.float64) for value in network.state(theta, samples))
    bar.close()
    return boundary.Points(score, solved, steps, target)
