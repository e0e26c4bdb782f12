"""The most helpful and the most harmful training points of each target, without the targets-by-training matrix.

Equal influences are ordered by a key that depends on what a point is (`greedy.tie_keys`), so that a permutation of the
training points permutes the result.
"""

from typing import NamedTuple

import numpy as np

from attribution.influence import points as influence

# Columns that share one maximum in the search for a threshold.
GROUP = 16
# Rows searched at a time, few enough to stay in cache.
ROWS = 32


class Extremes(NamedTuple):
    """`helpful`, `harmful` (t, size) int64 training indices, largest and smallest influence first;
    `helpful_influence`, `harmful_influence` (t, size) float64 their influences, not divided by n."""

    helpful: np.ndarray
    helpful_influence: np.ndarray
    harmful: np.ndarray
    harmful_influence: np.ndarray


def largest(values: np.ndarray, size: int, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The `size` largest entries of each row, in descending order, equal ones by ascending key.

    Args:
        values: (b, n), no NaN. size: at most n. keys: (n,).

    Returns:
        columns (b, size) int64, and the values there (b, size).
    """
    b, n = values.shape
    # Maxima of disjoint groups of columns: as many entries as there are groups reach them, so the size-th largest of
    # the maxima bounds the size-th largest entry from below, at a fraction of a selection among all entries.
    group = max(1, min(GROUP, n // size))
    count = n // group
    maxima = values[:, : group * count].reshape(b, group, count).max(axis=1)
    bound = np.partition(maxima, count - size, axis=1)[:, count - size]
    # a sixth of the time of np.nonzero on two axes
    rows, columns = np.divmod(np.flatnonzero(values >= bound[:, None]), n)
    found = values[rows, columns]
    order = np.lexsort((keys[columns], -found, rows))
    chosen = order[np.searchsorted(rows, np.arange(b))[:, None] + np.arange(size)]
    return columns[chosen], found[chosen]


def extremes(matrix: np.ndarray, own: np.ndarray | None, size: int, keys: np.ndarray) -> Extremes:
    """Both ends of each row of a block of influences; overwrites the block.

    Args:
        matrix: (t, n) float32 or float64. size: entries at each end. keys: (n,).
        own: (t,) column of each target itself, which is left out; None where targets are no training points.

    Raises:
        ValueError: when the block holds NaN or infinite values.
    """
    t = len(matrix)
    result = Extremes(*(np.empty((t, size), kind) for kind in (np.int64, np.float64) * 2))
    for start in range(0, t, ROWS):
        block = matrix[start : start + ROWS]
        if not np.isfinite(block).all():
            raise ValueError("influences are NaN or infinite; look at the damping and at the training history")
        part = slice(start, start + len(block))
        for sign, columns, values in ((1, *result[:2]), (-1, *result[2:])):
            if sign < 0:
                np.negative(block, out=block)
            if own is not None:
                block[np.arange(len(block)), own[part]] = -np.inf
            columns[part], found = largest(block, size, keys)
            values[part] = sign * found
    return result


def of_targets(
    target_features: np.ndarray,
    target_residuals: np.ndarray,
    own: np.ndarray | None,
    features: np.ndarray,
    residuals: np.ndarray,
    solve: influence.Solve,
    size: int,
    keys: np.ndarray,
    dtype=np.float64,
) -> Extremes:
    """Most helpful and most harmful training points of a block of targets.

    Args:
        target_features, target_residuals: (t, D), (t, C). own: as in `extremes`.
        features, residuals: (n, D), (n, C). solve: the damped inverse Hessian, in float64.
        size: points at each end. keys: (n,). dtype: of the product.

    Returns:
        Extremes. Cost: one product of 2 t n k flops. Memory: t n entries of `dtype` beside `influence.all_pairs`.

    Raises:
        ValueError: when `size` is not below the number of training points, or an influence is not finite.
    """
    n = len(features)
    if not 0 < size < n:
        raise ValueError(f"influence.topk.size is {size} with {n} training points; allowed is at most {n - 1}")
    # a certain target's gradient can be too small for a float32: its row is computed for a gradient of size about 1
    scale = np.abs(target_features).max(axis=1, initial=0) * np.abs(target_residuals).max(axis=1, initial=0)
    scale = np.where(scale > 0, scale, 1.0)[:, None]
    matrix = influence.all_pairs(target_features, target_residuals / scale, features, residuals, solve, dtype)
    found = extremes(matrix, own, size, keys)
    return found._replace(
        helpful_influence=found.helpful_influence * scale, harmful_influence=found.harmful_influence * scale
    )
