"""I(G, G) / |G| of a growing group against random groups of its size and of the seeds' classes: a mode's own gap.

The gap statistic (Tibshirani, Walther and Hastie 2001) for one group: as long as it takes points of its own mode its
influence on itself rises faster than that of any points of its class, and then slower.
"""

import numpy as np

from attribution.groups.products import Products


def path(gram: np.ndarray) -> np.ndarray:
    """(size,) I(G, G) / |G| after each member.

    Args:
        gram: (size, size) inner products of the members, in order of selection.
    """
    return np.diagonal(gram.cumsum(axis=0).cumsum(axis=1)) / np.arange(1, len(gram) + 1)


def expected(sizes: np.ndarray, total: float, own: float, count: int) -> np.ndarray:
    """Mean of I(S, S) / |S| over all sets S of a size out of some points; exact, so that none is drawn.

    Any two points are as likely as any others to be in S: the mean product of a point with itself, and |S| - 1 times
    that of two points, also beyond as many points as there are.

    Args:
        sizes: of the sets. total: sum of the products of all pairs of the points, `own` that of each with itself.
        count: points.
    """
    pair = (total - own) / (count * (count - 1)) if count > 1 else 0.0
    return own / count + (sizes - 1) * pair


def gaps(members: np.ndarray, pool: np.ndarray, products: Products) -> np.ndarray:
    """(size,) by how much I(G, G) / |G| exceeds its mean over random groups of the pool, after each member.

    Args:
        members: (size,) in order of selection. pool: (p,) points of the seeds' classes that groups may take.
        products: of vectors at length one.
    """
    total, own = products.sums(pool)
    return path(products.gram(members)) - expected(np.arange(1, len(members) + 1), total, own, len(pool))


def size(members: np.ndarray, start: int, labels: np.ndarray, allowed: np.ndarray, products: Products) -> int:
    """Number of members at which the gap is widest.

    Args:
        members: (size,) in order of selection, the first `start` of them seeds. labels: (n,).
        allowed: (n,) bool, points that groups may take. products: as in `gaps`.
    """
    pool = np.flatnonzero(allowed & np.isin(labels, labels[members[:start]]))
    return int(np.argmax(gaps(members, pool, products))) + 1
