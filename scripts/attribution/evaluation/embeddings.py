"""Do two attributions of the same targets place these alike? Rank correlation of distances in principal components."""

import numpy as np
from scipy.spatial.distance import pdist, squareform

from attribution.evaluation import lds
from attribution.retraining import datamodels

FEWEST = 50


def counts(total: int) -> list[int]:
    """Numbers of subsets to fit datamodels on: 50 doubled as often as it fits, and all."""
    found = []
    while (following := FEWEST * 2 ** len(found)) < total:
        found.append(following)
    return [*found, total]


def distances(pairs: np.ndarray, components: int) -> np.ndarray:
    """(t, t) Euclidean distances of the targets in the leading principal components of their attributions (t, n)."""
    points, _ = datamodels.embedding(pairs, components)
    return squareform(pdist(points))


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman correlation of the distances (t, t) of the pairs of targets, whatever their scales; 0 where constant."""
    above = np.triu_indices(len(one), 1)
    return float(lds.scores(one[above][:, None], other[above][:, None])[0])


def interval(one: np.ndarray, other: np.ndarray, resamples: int, level: float, seed: int) -> tuple[float, float]:
    """Bootstrap interval of `agreement` over targets; a target drawn twice is no pair with itself.

    Args:
        one, other: (t, t). resamples: draws. level: confidence.
    """
    rng, found = np.random.default_rng(seed), []
    for _ in range(resamples):
        drawn = rng.integers(len(one), size=len(one))
        left, right = np.triu_indices(len(one), 1)
        left, right = drawn[left], drawn[right]
        at = left[left != right], right[left != right]
        # of few targets all may be the same one: no pairs
        found.append(lds.scores(one[at][:, None], other[at][:, None])[0] if at[0].size else 0.0)
    low, high = np.percentile(found, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)
