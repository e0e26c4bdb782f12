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


def at_length_one(pairs: np.ndarray) -> np.ndarray:
    """Attributions (t, n), each target's of length one, zeros as they are: one target of long attributions is a
    principal component of its own, whatever the others do."""
    lengths = np.linalg.norm(pairs, axis=1, keepdims=True)
    return np.divide(pairs, lengths, out=np.zeros_like(pairs, dtype=np.float64), where=lengths > 0)


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman correlation of the distances (t, t) of the pairs of targets, whatever their scales; 0 where constant."""
    above = np.triu_indices(len(one), 1)
    return float(lds.scores(one[above][:, None], other[above][:, None])[0])


def interval(one: np.ndarray, other: np.ndarray, resamples: int, level: float, seed: int) -> tuple[float, float]:
    """Bootstrap interval of `agreement` over targets; a target drawn twice is no pair with itself.

    Args:
        one, other: (t, t). resamples: draws. level: confidence.

    Ranks are those of the whole sample: then a draw is a correlation of weighted pairs, and all draws a few products.
    """
    rng, (left, right) = np.random.default_rng(seed), np.triu_indices(len(one), 1)
    a, b = (lds.ranks(matrix[left, right][:, None])[:, 0] for matrix in (one, other))
    times = rng.multinomial(len(one), np.full(len(one), 1 / len(one)), size=resamples)
    weights = (times[:, left] * times[:, right]).astype(np.float64)
    # of few targets all may be the same one: no pairs
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1)
    of_a, of_b = weights @ a, weights @ b
    covered = weights @ (a * b) - of_a * of_b
    spread = np.sqrt(np.clip((weights @ a**2 - of_a**2) * (weights @ b**2 - of_b**2), 0, None))
    # a single pair, or pairs of equal distances, have a spread of rounding alone
    found = np.divide(covered, spread, out=np.zeros_like(covered), where=spread > 1e-12 * (a @ a + b @ b))
    low, high = np.percentile(found, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)
