"""How much is added to the curvature's diagonal, and how that is chosen without retraining.

Modes:
    absolute: the value itself.
    relative: the value times the mean eigenvalue of the Gauss-Newton matrix G, trace(G) / k.
    kernel: the value times trace(G) / n. With it the ridge on the kernel J J^T of the samples, see `dual`, is the value
        times its mean diagonal: a sample then weighs about as much as the ridge.
    trajectory: the value of a grid, in multiples of trace(G) / n, at which influence agrees best with the exact
        derivative of the trained network in the training points' weights (`metagradient`), for a few targets. Agreement
        is the mean over targets of Pearson's correlation over training points: for random subsets of one size two
        additive predictions correlate as their scores do, so this is the linear datamodeling score of influence
        against the derivative. It costs one more run of the training and its way back, and no retraining.
"""

from collections.abc import Callable, Iterable

import numpy as np

from attribution.curvature import eigenvalues
from attribution.curvature.network import Block

MODES = ("absolute", "relative", "kernel", "trajectory")
# multiples of trace(G) / n, half a decade apart; the first pass takes every other one
GRID = 10.0 ** np.arange(-3, 4.5, 0.5)


def trace(passes: Iterable[Block], n: int) -> float:
    """Trace of G, exactly.

    Args:
        passes: blocks of the n samples along `seeds.roots`.
    """
    return sum(
        float(eigenvalues.squares(a, e).sum()) for block in passes for a, e in zip(block.a, block.e, strict=True)
    ) / n  # fmt: skip


def value(asked: dict, trace: float, k: int, n: int) -> float:
    """The number added to the diagonal, for every mode but `trajectory`.

    Args:
        asked: `mode`, `value`. trace: of G. k: parameters. n: samples.
    """
    scale = {"absolute": 1.0, "relative": trace / k, "kernel": trace / n}
    if asked["mode"] not in scale:
        raise ValueError(f"curvature.damping.mode is '{asked['mode']}'; allowed here are {', '.join(scale)}")
    return float(asked["value"] * scale[asked["mode"]])


def agreement(scores: np.ndarray, reference: np.ndarray) -> float:
    """Mean over targets of Pearson's correlation between rows of (b, n) and (b, n); rows without any spread count 0."""
    a, b = (array - array.mean(axis=1, keepdims=True) for array in (scores, reference))
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return float(np.mean((a * b).sum(axis=1) / np.where(size > 0, size, np.inf)))


def best(influence: Callable, reference: np.ndarray, scale: float) -> tuple[float, dict[float, float]]:
    """The damping of the grid whose influence agrees best with a reference, coarse steps before fine ones.

    Args:
        influence: damping -> (b, n). reference: (b, n) of the same targets. scale: trace(G) / n.

    Returns:
        damping, and the agreement at every damping that was tried.
    """
    tried = {}

    def at(place: int) -> float:
        damping = float(GRID[place] * scale)
        if damping not in tried:
            tried[damping] = agreement(influence(damping), reference)
        return tried[damping]

    coarse = max(range(0, len(GRID), 2), key=at)
    place = max((p for p in (coarse - 1, coarse, coarse + 1) if 0 <= p < len(GRID)), key=at)
    return float(GRID[place] * scale), tried
