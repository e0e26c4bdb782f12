"""Weights boundary of single points: the smallest change of the last layer that changes a prediction.

The logits are linear in the weights W (D, C): f = h W. The difference f_c - f_p between another class c and the
predicted class p has the gradient h (x) e, with e = onehot(c) - onehot(p); with one logit column, whose sign decides
between two classes, e = +1 or -1. The distance to the boundary in a norm is (f_p - f_c) / (dual norm of the gradient).

The nearest class is the runner-up. Proof: for the three norms here the dual norm of a product is the product of the
dual norms, ||h (x) e|| = ||h|| ||e||, and ||e|| is the same for every c != p (sqrt 2, 1, 2 for l2, l1, linf). So
(f_p - f_c) / (||h|| ||e||) is smallest where f_c is largest.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from attribution.numerics.residuals import predictions

# A norm of the move, and the dual norm that measures gradients.
DUAL = {"l2": 2, "l1": np.inf, "linf": 1}
# DeepFool stops when the two classes' logits are this close.
TOLERANCE = 1e-6
MAX_STEPS = 100
# How far past the boundary a move goes, as a share of the size of the logits' terms: far above the rounding of float64
# sums, far below any score's digits that matter.
OVERSHOOT = 1e-9


class Points(NamedTuple):
    """`score` (n,) float64 distance to the boundary, NaN where unsolved; `solved` (n,) bool, the moved weights were
    evaluated and predict another class; `steps` (n,) int64; `target` (n,) int64 class at the other side."""

    score: np.ndarray
    solved: np.ndarray
    steps: np.ndarray
    target: np.ndarray


def class_logits(logits: np.ndarray) -> np.ndarray:
    """One column a class: (n, C) as it is for C > 1, and [0, s] (n, 2) for the one logit of a sigmoid."""
    return np.concatenate([np.zeros_like(logits), logits], axis=-1) if logits.shape[-1] == 1 else logits


def runner_up(logits: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """(...,) int64 class of the largest logit other than `predicted` (...,), for (..., C) logits."""
    others = class_logits(logits).copy()
    np.put_along_axis(others, predicted[..., None], -np.inf, axis=-1)
    return others.argmax(axis=-1)


def directions(predicted: np.ndarray, target: np.ndarray, columns: int) -> np.ndarray:
    """The factor e of the gradient of f_target - f_predicted.

    Returns:
        (..., columns) float64, onehot(target) - onehot(predicted), or their difference as +-1 for one column.
    """
    if columns == 1:
        return (target - predicted)[..., None].astype(np.float64)
    classes = np.arange(columns)
    return (classes == target[..., None]).astype(np.float64) - (classes == predicted[..., None])


def logit_terms(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n,) largest sum of |h_d W_dc| over classes: the scale of the rounding of a logit; 1 where it is zero."""
    size = (np.abs(features) @ np.abs(weights)).max(axis=-1)
    return np.where(size > 0, size, 1.0)


def closed_form(features: np.ndarray, weights: np.ndarray, norm: str = "l2", chunk: int = 4096) -> Points:
    """Exact distance of every point to the boundary of the last layer, in one pass over the features.

    For l2 it is (top1 - top2) / sqrt(2 ||h||^2) for C > 1 and |s| / ||h|| for one logit, h with its constant 1.

    Args:
        features: (n, D) extended features. weights: (D, C).
        norm: of the move: `l2`, `l1` or `linf`.
        chunk: points whose moved weights exist at a time; does not change the result.

    Returns:
        Points, all with one step.

    Raises:
        ValueError: on shapes that do not match, values that are not finite, or an unknown norm.
    """
    score, solved, target = np.empty(len(features)), np.empty(len(features), bool), np.empty(len(features), np.int64)
    for part, delta, *found in _closed_form_chunks(features, weights, norm, chunk):
        score[part], target[part] = found
        moved = np.einsum("nd,ndc->nc", features[part], weights + delta)
        solved[part] = predictions(moved) != predictions(features[part] @ weights)
    return Points(np.where(solved, score, np.nan), solved, np.ones(len(features), np.int64), target)


def moves(features: np.ndarray, weights: np.ndarray, norm: str = "l2") -> np.ndarray:
    """(n, D, C) changes of the weights that belong to `closed_form`, `OVERSHOOT` past the boundary."""
    return np.concatenate([delta for _, delta, *_ in _closed_form_chunks(features, weights, norm, 4096)])


def _closed_form_chunks(features: np.ndarray, weights: np.ndarray, norm: str, chunk: int) -> Iterator[tuple]:
    check(features, weights, norm)
    for start in range(0, len(features), chunk):
        part = slice(start, start + chunk)
        h = features[part]
        logits = h @ weights
        predicted = predictions(logits)
        target = runner_up(logits, predicted)
        gap = _difference(logits, predicted, target)
        e = directions(predicted, target, weights.shape[1])
        length = _dual(h, norm) * _dual(e, norm)
        with np.errstate(divide="ignore", invalid="ignore"):
            score = gap / length
            amount = (gap + OVERSHOOT * logit_terms(h, weights)) / length
        delta = np.nan_to_num(amount)[:, None, None] * _steepest(h, norm)[:, :, None] * _steepest(e, norm)[:, None]
        yield part, delta, score, target


def deepfool(
    features: np.ndarray,
    weights: np.ndarray,
    norm: str = "l2",
    max_steps: int = MAX_STEPS,
    tolerance: float = TOLERANCE,
    chunk: int = 4096,
) -> Points:
    """The iteration of Moosavi-Dezfooli et al. (2016, algorithm 2) on the last layer's weights, for all points at once.

    A step takes the class c with the smallest |f_c - f_p| / ||grad||, and moves by that ratio along its gradient (in l1
    and linf along the steepest direction of that norm). It stops when the prediction has changed or the two logits
    differ by less than `tolerance`. The logits being linear, one step does, and the score equals `closed_form`.

    Args:
        features, weights, norm: as in `closed_form`. max_steps, tolerance: when to stop.
        chunk: points with their own copy of the weights at a time.

    Returns:
        Points; the score is the norm of the total move, before the last `OVERSHOOT` that crosses the boundary.

    Raises:
        ValueError: as `closed_form`.
    """
    check(features, weights, norm)
    n, columns = len(features), weights.shape[1]
    score, solved = np.full(n, np.nan), np.zeros(n, bool)
    steps, target = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for start in range(0, n, chunk):
        index = np.arange(start, min(start + chunk, n))
        own = np.broadcast_to(weights, (len(index), *weights.shape)).copy()
        h, rows = features[index], np.arange(len(index))
        logits = np.einsum("nd,ndc->nc", h, own)
        predicted = predictions(logits)
        classes = np.arange(class_logits(logits).shape[1])
        e = directions(predicted[:, None], np.broadcast_to(classes, (len(index), len(classes))), columns)
        going = np.ones(len(index), bool)
        for _ in range(max_steps):
            lengths = _dual(h, norm)[:, None] * _dual(e, norm)
            full = class_logits(logits)
            gaps = np.abs(full - full[rows, predicted][:, None])
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = gaps / lengths
            ratio[~(lengths > 0)] = np.inf
            nearest = ratio.argmin(axis=1)
            going &= np.isfinite(ratio[rows, nearest])
            unit = _steepest(h, norm)[:, :, None] * _steepest(e[rows, nearest], norm)[:, None]
            own[going] += ratio[going, nearest[going]][:, None, None] * unit[going]
            steps[index[going]] += 1
            target[index[going]] = nearest[going]
            logits = np.einsum("nd,ndc->nc", h, own)
            top = np.sort(class_logits(logits), axis=1)
            going &= (predictions(logits) == predicted) & (top[:, -1] - top[:, -2] >= tolerance)
            if not going.any():
                break
        score[index] = _length(own - weights, norm)
        over = np.where(going, 0.0, OVERSHOOT * logit_terms(h, weights) / np.maximum(lengths[rows, nearest], 1e-300))
        over[predictions(logits) != predicted] = 0.0
        moved = np.einsum("nd,ndc->nc", h, own + over[:, None, None] * unit)
        solved[index] = predictions(moved) != predicted
    return Points(np.where(solved, score, np.nan), solved, steps, target)


def check(features: np.ndarray, weights: np.ndarray, norm: str = "l2") -> None:
    """Raise a ValueError that says what is wrong with the shapes, the values or the name of the norm."""
    if norm not in DUAL:
        raise ValueError(f"boundary norm is '{norm}'; allowed are {', '.join(DUAL)}")
    if features.ndim != 2 or weights.ndim != 2 or features.shape[1] != weights.shape[0]:
        raise ValueError(
            f"features have shape {features.shape} and weights {weights.shape}; they must be (n, D) and (D, C), "
            "the bias being the last row of the weights and a constant 1 the last feature"
        )
    for name, array in (("features", features), ("weights", weights)):
        if not np.isfinite(array).all():
            raise ValueError(f"{int((~np.isfinite(array)).sum())} {name} are not finite; train the model again")


def _difference(logits: np.ndarray, predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    full, rows = class_logits(logits), np.arange(len(logits))
    return full[rows, predicted] - full[rows, target]


def _dual(a: np.ndarray, norm: str) -> np.ndarray:
    return np.linalg.norm(a, ord=DUAL[norm], axis=-1)


def _length(delta: np.ndarray, norm: str) -> np.ndarray:
    order = {"l2": 2, "l1": 1, "linf": np.inf}[norm]
    return np.linalg.norm(delta.reshape(len(delta), -1), ord=order, axis=1)


def _steepest(a: np.ndarray, norm: str) -> np.ndarray:
    """The vector of length 1 in `norm` with the largest inner product with each row of `a` (..., k)."""
    if norm == "linf":
        return np.sign(a)
    if norm == "l2":
        length = np.linalg.norm(a, axis=-1, keepdims=True)
        return a / np.where(length > 0, length, 1.0)
    place = np.abs(a).argmax(axis=-1)[..., None]
    unit = np.zeros_like(a)
    np.put_along_axis(unit, place, np.sign(np.take_along_axis(a, place, axis=-1)), axis=-1)
    return unit
