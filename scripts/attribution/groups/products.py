"""Inner products of the points' vectors at length one: what stop conditions know of a group beside its order.

Vectors are whitened gradients for influence, or those whose inner products the scores of a method are. At length one,
else a few members of large gradient would decide where a group stops.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from attribution.influence import points as influence

BLOCK = 256  # points whose products with all others exist at a time


class NoProducts(ValueError):
    """Scores that are no inner products of vectors: a point's with itself is not positive."""


class Products(NamedTuple):
    """`gram` members (m,) -> (m, m) products of each two; `sums` points (p,) -> sum of the products of all pairs of
    them, and of each with itself. A vector of length zero has products of zero, also with itself."""

    gram: Callable[[np.ndarray], np.ndarray]
    sums: Callable[[np.ndarray], tuple[float, float]]


def of_factors(features: np.ndarray, residuals: np.ndarray, solve: influence.Solve, own: np.ndarray) -> Products:
    """Of whitened gradients, from their factors; arguments as in `greedy.grow`."""
    unit = influence.unit(residuals, own)

    def gram(members: np.ndarray) -> np.ndarray:
        g = influence.gradients(features[members], unit[members])
        return g @ solve(g.T)

    def sums(points: np.ndarray) -> tuple[float, float]:
        g = (features[points].T @ unit[points]).reshape(-1, 1)
        return float(g[:, 0] @ solve(g)[:, 0]), float((own[points] > 0).sum())

    return Products(gram, sums)


def of_pairs(pairs: Callable[[np.ndarray], np.ndarray]) -> Products:
    """Of the vectors whose inner products are a method's scores.

    Args:
        pairs: training indices (t,) -> (t, n), as in `by_pairs.grow`.

    Both raise NoProducts when a score of a point with itself is not positive.
    """

    def scale(points: np.ndarray, own: np.ndarray) -> np.ndarray:
        if (own <= 0).any():
            worst = points[np.argmin(own)]
            raise NoProducts(
                f"the score of point {worst} with itself is {own.min():g}: cosines need positive ones; set "
                "groups.stop to size or peak"
            )
        return 1 / np.sqrt(own)

    def gram(members: np.ndarray) -> np.ndarray:
        found = np.asarray(pairs(members), dtype=np.float64)[:, members]
        unit = scale(members, np.diag(found))
        return unit[:, None] * found * unit

    def sums(points: np.ndarray) -> tuple[float, float]:
        own, along = np.empty(len(points)), np.empty(len(points))
        # twice over the pairs: they are never kept
        blocks = [slice(start, start + BLOCK) for start in range(0, len(points), BLOCK)]
        for rows in blocks:
            found = np.asarray(pairs(points[rows]), dtype=np.float64)[:, points]
            own[rows] = np.diagonal(found[:, rows])
        unit = scale(points, own)
        for rows in blocks:
            along[rows] = np.asarray(pairs(points[rows]), dtype=np.float64)[:, points] @ unit
        return float(unit @ along), float(len(points))

    return Products(gram, sums)
