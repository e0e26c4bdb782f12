"""Partitions whose parts have given sizes: controls that differ from a method in what they know, not in how large."""

import numpy as np

from attribution.partition import kmeans, places
from attribution.partition.vectors import Vectors


def partition(
    vectors: Vectors, sizes: np.ndarray, restarts: int, iterations: int, seed: int, start: np.ndarray | None = None
) -> np.ndarray:
    """(n,) labels: k-means in which part p has sizes[p] points, the best of some restarts.

    A step gives every point a part so that the sum of inner products with centres, less half their squared lengths, is
    largest among all assignments of these sizes; each step raises the objective (Bradley, Bennett and Demiriz 2000).
    A step begins with the prices of the one before, which soon are nearly right.

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
        prices = None
        for _ in range(iterations):
            moved, prices = places.give(kmeans.products(vectors, labels, parts), sizes, prices)
            if (moved == labels).all():
                break
            labels = moved
        value = kmeans.objective(vectors, labels, parts)
        # more than rounding: which of two equal ones counts must not depend on the machine
        if value > best + 1e-9 * abs(value):
            best, found = value, labels
    return found
