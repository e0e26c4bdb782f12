"""Metagradients: the exact derivative of outputs after training in the weight of every training point."""

import math
from pathlib import Path

import numpy as np
import tensorflow as tf

from attribution.files import hdf5
from attribution.runtime import log
from attribution.training import replay as replays
from attribution.training.replay import Replay, State

# bytes of cotangents of the targets that go back through the training together
TARGET_BYTES = 400_000_000


def metagradient(
    replay: Replay,
    points: np.ndarray,
    slope_of,
    label: str,
    folder: Path | None = None,
    block: int | None = None,
    kept: list[State] | None = None,
    weights: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Derivative of a function of each target's logits after training in the training points' weights.

    tau_ti = d f_t(theta_T(w)) / d w_i, pulled back through all steps from about sqrt(T) kept states, between which the
    training is run again (Ilyas and Engstrom 2025, section 3). Leaving point i out changes f_t by about -tau_ti.

    Args:
        replay: the training. points: (t, ...) targets. slope_of: (t, C) logits -> (t, C) derivative of f in them.
        label: names the work in messages. folder: where finished parts are kept, so that a call after a kill goes on;
            None keeps nothing. block: targets at a time, by default as many as fit TARGET_BYTES; each block runs
            through the training once. kept: of `states_kept` with these weights, where the training was run forwards
            already. weights: (n,) of the training points at which the derivative is taken, 0 for one that is left out;
            by default all are in.

    Returns:
        tau (t, n) float64, and growth (t,): length of the parameters' cotangent at the start over that at the end.
    """
    size = sum(int(np.prod(w.shape)) * w.dtype.size for w in replay.start.theta)
    block = block or max(1, TARGET_BYTES // (3 * size))
    stride, kept_at = strides(replay.count)
    weights = np.ones(replay.n) if weights is None else weights
    kept = states_kept(replay, weights) if kept is None else kept
    slope = slope_of(replay.outputs(kept[-1], points))
    blocks = range(0, len(points), block)
    bar = log.progress((), label, len(blocks) * len(kept_at))
    results = []
    for start in blocks:
        part = slice(start, start + block)
        begun = replay_file(folder, start)
        found = read(begun) if begun is not None and begun.exists() else None
        if found is None:
            cotangents = replay.seeds(kept[-1], points[part], slope[part])
            found = (len(kept_at), np.zeros((len(points[part]), replay.n)), length(cotangents), cotangents)
        left, tau, at_end, cotangents = found
        bar.update(len(kept_at) - left)
        for segment in reversed(range(left)):
            first = kept_at[segment]
            last = min(first + stride, replay.count)
            states = states_between(replay, kept[segment], first, last, weights)
            for number in reversed(range(first, last)):
                cotangents, on_weights = replay.pull(states[number - first], number, cotangents, weights)
                tau[:, replay.batch(number)] += on_weights
            if begun is not None:
                write(begun, segment, tau, at_end, cotangents)
            bar.update()
        results.append((tau, length(cotangents) / np.maximum(at_end, np.finfo(float).tiny)))
    bar.close()
    return tuple(np.concatenate(parts) for parts in zip(*results, strict=True))


def strides(count: int) -> tuple[int, list[int]]:
    """About sqrt(T) steps, and the numbers of steps that lie so far apart, from the first."""
    stride = max(1, math.isqrt(count))
    return stride, list(range(0, count, stride))


def states_kept(replay: Replay, weights: np.ndarray | None = None) -> list[State]:
    """States of the training before each of these steps, and at the end; weights as in `replay.at_steps`."""
    return replays.at_steps(replay, [*strides(replay.count)[1], replay.count], weights)


def states_between(replay: Replay, begin: State, first: int, last: int, weights: np.ndarray) -> list[State]:
    """States before steps `first` to `last - 1`, from the state before the first."""
    states = [begin]
    for number in range(first, last - 1):
        states.append(replay.step(states[-1], number, weights))
    return states


def length(cotangents: State) -> np.ndarray:
    """(t,) Euclidean length of the cotangents of all trainable variables."""
    squares = [tf.reduce_sum(tf.square(tf.cast(c, tf.float64)), list(range(1, c.shape.rank))) for c in cotangents.theta]
    return np.sqrt(tf.add_n(squares).numpy())


def replay_file(folder: Path | None, start: int) -> Path | None:
    """File of the unfinished work of the block of targets that begins at `start`."""
    return None if folder is None else Path(folder) / f"targets-{start}.h5"


def write(path: Path, left: int, tau: np.ndarray, at_end: np.ndarray, cotangents: State) -> None:
    """Keep the work of a block once all but the first `left` segments are done."""
    arrays = {
        f"{name}/{i}": value.numpy()
        for name, values in cotangents._asdict().items()
        if name != "steps"
        for i, value in enumerate(values)
    }
    hdf5.write(path, arrays | {"tau": tau, "at_end": at_end}, {"left": left})


def read(path: Path) -> tuple[int, np.ndarray, np.ndarray, State]:
    """What `write` kept."""
    with hdf5.file(path) as file:
        lists = [
            [tf.constant(file[name][str(i)][()]) for i in range(len(file[name]))] if name in file else []
            for name in State._fields[:-1]
        ]
        return int(file.attrs["left"]), file["tau"][()], file["at_end"][()], State(*lists, 0)
