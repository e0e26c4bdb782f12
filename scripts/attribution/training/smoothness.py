"""Metasmoothness: does a training answer evenly when points leave? Measured by a few trainings, not by an ensemble."""

import numpy as np

from attribution.numerics.residuals import margins
from attribution.retraining import subsets
from attribution.runtime import log
from attribution.training import replay as replays
from attribution.training.replay import Replay

# stream of subsets, beside those of `retraining.subsets` and `retraining.truth`
STREAM = 6


def agreement(first: np.ndarray, second: np.ndarray) -> float:
    """Agreement in sign of two consecutive changes, weighted by the first: 1 where all go on, -1 where all turn back.

    sum_t |d1_t| sign(d1_t) sign(d2_t) / sum_t |d1_t| (Ilyas and Engstrom 2025, definition 1); 0 where nothing changes.
    Three unrelated values give -1/2: their two differences share the one in the middle.
    """
    total = np.abs(first).sum()
    return float((first * np.sign(second)).sum() / total) if total else 0.0


def metasmoothness(
    training: Replay, points: np.ndarray, labels: np.ndarray, alpha: float, draws: int, seed: int
) -> np.ndarray:
    """How evenly margins change while all but a share alpha of the training points leave, a value a draw.

    The points that leave do so in two equal steps of their weights, 1 to 1/2 to 0: two trainings a draw, beside that
    on all points. A derivative at weights of 1 can tell of points that leave only where both steps go the same way.

    Args:
        training: see `replay`. points, labels: (t, ...), (t,) whose margins are asked.
        alpha: share that stays. draws: random subsets. seed: of them.

    Returns:
        (draws,) float64 in [-1, 1].
    """

    def after(weights: np.ndarray) -> np.ndarray:
        return margins(training.outputs(replays.run(training, weights), points), labels)

    whole = after(np.ones(training.n))
    kept = subsets.random_subsets(training.n, alpha, 0, draws, seed, STREAM)
    found = []
    for mask in log.progress(kept, f"metasmoothness at {alpha:g}"):
        halfway, left = after(np.where(mask, 1.0, 0.5)), after(mask.astype(float))
        found.append(agreement(halfway - whole, left - halfway))
    return np.array(found)
