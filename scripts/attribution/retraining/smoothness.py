"""Metasmoothness: does a training answer evenly when points leave? Measured by a few trainings, not by an ensemble."""

import numpy as np

from attribution.retraining import subsets

# stream of subsets, beside those of `retraining.subsets` and `retraining.truth`
STREAM = 6


def agreement(first: np.ndarray, second: np.ndarray) -> float:
    """Agreement in sign of two consecutive changes, weighted by the first: 1 where all go on, -1 where all turn back.

    sum_t |d1_t| sign(d1_t) sign(d2_t) / sum_t |d1_t| (Ilyas and Engstrom 2025, definition 1); 0 where nothing changes.
    Three unrelated values give -1/2: their two differences share the one in the middle.
    """
    total = np.abs(first).sum()
    return float((first * np.sign(second)).sum() / total) if total else 0.0


def leaving(n: int, alpha: float, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (draws, n) of the training points halfway and at the end of leaving all but a random share alpha.

    They leave in two equal steps, from 1 to 1/2 and to 0.
    """
    kept = subsets.random_subsets(n, alpha, 0, draws, seed, STREAM)
    return np.where(kept, 1.0, 0.5), kept.astype(float)


def metasmoothness(whole: np.ndarray, halfway: np.ndarray, left: np.ndarray) -> np.ndarray:
    """How evenly margins change while points leave, a value a draw.

    Two trainings a draw, beside that on all points, tell it. A derivative at weights of 1 can tell of points that leave
    only where both steps go the same way.

    Args:
        whole: (t,) margins after the training on all points. halfway, left: (draws, t) after those with the weights of
            `leaving`.

    Returns:
        (draws,) float64 in [-1, 1], see `agreement`.
    """
    return np.array([agreement(half - whole, end - half) for half, end in zip(halfway, left, strict=True)])
