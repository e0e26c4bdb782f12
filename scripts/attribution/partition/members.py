"""The members by which a part is shown: nearest to its centre, and farthest from it."""

import numpy as np

from attribution.partition import kmeans
from attribution.partition.vectors import Vectors


def ends(vectors: Vectors, labels: np.ndarray, parts: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(parts, count) int64 central members, nearest first, and outlying ones, farthest first; -1 in small parts.

    Args:
        labels: (n,) in [0, parts).
    """
    gap = kmeans.distances(vectors, labels, parts)
    central, outlying = (np.full((parts, count), -1, dtype=np.int64) for _ in range(2))
    for part in range(parts):
        own = np.flatnonzero(labels == part)
        order = own[np.argsort(gap[own], kind="stable")][:count]
        central[part, : len(order)] = order
        order = own[np.argsort(-gap[own], kind="stable")][:count]
        outlying[part, : len(order)] = order
    return central, outlying
