"""Partitions whose parts have given sizes: controls that differ from a method in what they know, not in how large."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from attribution.partition import kmeans
from attribution.partition.vectors import Vectors

# points up to which the best assignment is found; above, places are given in the order of what a point would lose
EXACT = 4000


def partition(
    vectors: Vectors, sizes: np.ndarray, restarts: int, iterations: int, seed: int, start: np.ndarray | None = None
) -> np.ndarray:
    """(n,) labels: k-means in which part p has sizes[p] points, the best of some restarts.

    A step gives every point a part so that the sum of inner products with centres, less half their squared lengths, is
    largest among all assignments of these sizes; each step raises the objective (Bradley, Bennett and Demiriz 2000).

    Args:
        sizes: (parts,) positive, of sum n. restarts, iterations, seed: as in `kmeans.partition`.
        start: (n,) labels of one more, such as the best without sizes: a control must not lose by its start.

    Raises:
        ValueError: when the sizes do not fit.
    """
    sizes = np.asarray(sizes)
    if (sizes < 1).any() or sizes.sum() != vectors.count:
        raise ValueError(
            f"{vectors.count} points cannot be divided into parts of {sizes.tolist()} points, each 1 or more"
        )
    parts = len(sizes)
    # a criterion may find that nothing divides the points
    if parts == 1:
        return np.zeros(vectors.count, dtype=np.int64)
    starts = [kmeans.partition(vectors, parts, 1, iterations, seed + restart).labels for restart in range(restarts)]
    starts += [] if start is None else [start]
    best, found = -np.inf, None
    for labels in np.unique(starts, axis=0):
        for _ in range(iterations):
            moved = _assigned(kmeans.products(vectors, labels, len(sizes)), sizes)
            if (moved == labels).all():
                break
            labels = moved
        value = kmeans.objective(vectors, labels, len(sizes))
        # more than rounding: which of two equal ones counts must not depend on the machine
        if value > best + 1e-9 * abs(value):
            best, found = value, labels
    return found


def _assigned(products: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(n,) parts of the given sizes with the largest sum of products (n, parts), in large sets a large one."""
    if len(products) > EXACT:
        return _in_turn(products, sizes)
    places = np.repeat(np.arange(len(sizes)), sizes)
    _, columns = linear_sum_assignment(products[:, places], maximize=True)
    return places[columns]


def _in_turn(products: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Places are given first to the points that would lose most by their second choice."""
    labels, left = np.full(len(products), -1), sizes.copy()
    while (labels < 0).any():
        free = np.flatnonzero(labels < 0)
        value = np.where(left > 0, products[free], -np.inf)
        wanted = value.argmax(axis=1)
        second = np.where(np.arange(len(sizes)) == wanted[:, None], -np.inf, value).max(axis=1)
        order = np.lexsort((free, second - value.max(axis=1)))
        for part in np.flatnonzero(left):
            chosen = free[order[wanted[order] == part][: left[part]]]
            labels[chosen] = part
            left[part] -= len(chosen)
    return labels
