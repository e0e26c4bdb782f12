"""Ward's tree over the parts of a partition: which two would be one next, and what that costs the objective."""

import numpy as np

from attribution.partition.vectors import Vectors, gathered


def ward(vectors: Vectors, labels: np.ndarray, parts: int) -> np.ndarray:
    """Linkage in the form of scipy.cluster.hierarchy, (parts - 1, 4): both joined, height, points below.

    A height is sqrt(2 d), d the fall of sum_S |sum_S u|^2 / |S| when both become one (Ward 1963); with parts of single
    points it is scipy's own. Parts start with all their points, which scipy's function cannot: heights follow from the
    formula of Lance and Williams (1967) with their sizes.
    """
    sizes = np.bincount(labels, minlength=parts).astype(float)
    sums = gathered(vectors, labels, parts)
    products = sums.T @ vectors.dual(sums) / np.outer(sizes, sizes)
    own = np.diag(products)
    gap = np.maximum(own[:, None] + own - products - products.T, 0)
    distance = 2 * gap * np.outer(sizes, sizes) / (sizes[:, None] + sizes)
    np.fill_diagonal(distance, 0)
    return _joined(distance, sizes)


def _joined(distance: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Linkage from squared heights of all pairs (parts, parts) and sizes."""
    parts, distance, sizes = len(sizes), distance.copy(), sizes.copy()
    np.fill_diagonal(distance, np.inf)
    number, steps = np.arange(parts), []
    for step in range(parts - 1):
        a, b = sorted(np.unravel_index(np.argmin(distance), distance.shape))
        height, both = distance[a, b], sizes[a] + sizes[b]
        steps.append([*sorted((number[a], number[b])), np.sqrt(height), both])
        moved = (sizes[a] + sizes) * distance[a] + (sizes[b] + sizes) * distance[b] - sizes * height
        distance[a] = distance[:, a] = moved / (both + sizes)
        distance[b] = distance[:, b] = np.inf
        distance[a, a] = np.inf
        sizes[a], number[a] = both, parts + step
    return np.array(steps).reshape(-1, 4)
