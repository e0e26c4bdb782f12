"""How many parts: by the gap to a null of permuted coordinates, or by how stable parts are under resampling.

Both are read from codes of principal components, so that every number of parts costs little.
"""

from typing import NamedTuple

import numpy as np
from sklearn.metrics import adjusted_rand_score

from attribution.partition import kmeans
from attribution.partition.vectors import dense

CRITERIA = ("gap", "stability")
SHARE = 0.8  # of the points in a resample


class Curve(NamedTuple):
    """`counts` (q,) numbers of parts; `value` and `error` (q,) of the criterion; `chosen`, one of the counts."""

    counts: np.ndarray
    value: np.ndarray
    error: np.ndarray
    chosen: int


def chosen(criterion: str, code: np.ndarray, most: int, draws: int, restarts: int, iterations: int, seed: int) -> Curve:
    """The number of parts, 1 (for `stability` 2) to `most`, by one of CRITERIA.

    Args:
        code: (n, p). draws: permuted sets, or pairs of resamples. restarts, iterations, seed: of each k-means.
    """
    most = min(most, len(code) - 1)
    rng = np.random.default_rng((seed, len(code)))
    return (gap if criterion == "gap" else stability)(code, most, draws, restarts, iterations, rng)


def gap(code: np.ndarray, most: int, draws: int, restarts: int, iterations: int, rng: np.random.Generator) -> Curve:
    """The gap statistic (Tibshirani, Walther and Hastie 2001) against sets whose coordinates are permuted apart.

    log of what k-means leaves, mean over the permuted sets less that of the points; the smallest number counts whose
    gap is not below that of the next by more than its standard error.
    """
    counts, null = np.arange(1, most + 1), []
    own = _left(code, counts, restarts, iterations, rng)
    for _ in range(draws):
        permuted = np.stack([rng.permutation(column) for column in code.T], axis=1)
        null.append(_left(permuted, counts, restarts, iterations, rng))
    value = np.mean(null, axis=0) - own
    error = np.std(null, axis=0) * np.sqrt(1 + 1 / draws)
    enough = np.flatnonzero(value[:-1] >= value[1:] - error[1:])
    return Curve(counts, value, error, int(counts[enough[0]] if len(enough) else counts[np.argmax(value)]))


def stability(
    code: np.ndarray, most: int, draws: int, restarts: int, iterations: int, rng: np.random.Generator
) -> Curve:
    """Agreement (adjusted Rand index) of partitions of two resamples on the points of both (Ben-Hur et al. 2002).

    The largest number counts whose agreement is within a standard error of the best.
    """
    counts, found = np.arange(2, most + 1), []
    size = max(most + 1, round(SHARE * len(code)))
    for _ in range(draws):
        halves = [np.sort(rng.permutation(len(code))[:size]) for _ in range(2)]
        _, left, right = np.intersect1d(*halves, return_indices=True)
        row = []
        for count in counts:
            labels = [
                kmeans.partition(dense(code[half]), int(count), restarts, iterations, int(rng.integers(2**31))).labels
                for half in halves
            ]
            row.append(adjusted_rand_score(labels[0][left], labels[1][right]))
        found.append(row)
    value, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(draws)
    best = int(np.argmax(value))
    return Curve(counts, value, error, int(counts[value >= value[best] - error[best]].max()))


def _left(code: np.ndarray, counts: np.ndarray, restarts: int, iterations: int, rng: np.random.Generator) -> np.ndarray:
    """(q,) log of the sum of squared distances to centres that each number of parts leaves."""
    vectors = dense(code)
    total, tiny = vectors.square.sum(), np.finfo(float).tiny
    left = [
        total - kmeans.partition(vectors, int(count), restarts, iterations, int(rng.integers(2**31))).objectives.max()
        for count in counts
    ]
    return np.log(np.maximum(left, max(1e-12 * total, tiny)))
