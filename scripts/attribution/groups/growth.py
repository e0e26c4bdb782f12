"""Influence of random groups on themselves as they grow (report, figures 7 and 9)."""

import numpy as np

from attribution.groups import gap
from attribution.influence import points as influence

POOLS = ("boundary-target", "boundary-other", "boundary", "target", "other", "class", "all")


def pools(
    subgroup: np.ndarray, labels: np.ndarray, distance: np.ndarray, target: int, other: int, share: float
) -> dict[str, np.ndarray]:
    """Sets of training points from which groups are drawn.

    Args:
        subgroup, labels: (n,). distance: (n,) to the decision boundary. target, other: subgroups of one class.
        share: of a set's points, the nearest to the boundary, that counts as boundary.

    Returns:
        pool -> indices: both subgroups, their class, all points, and the boundary part of the first three, of at least
        one point each.

    Raises:
        ValueError: when one of the subgroups has no point.
    """

    def near(members):
        return members[np.argsort(distance[members], kind="stable")[: max(1, round(share * len(members)))]]

    of_target, of_other = np.flatnonzero(subgroup == target), np.flatnonzero(subgroup == other)
    if not len(of_target) or not len(of_other):
        empty = target if not len(of_target) else other
        raise ValueError(f"subgroup {empty} has no training point, so no group of it can grow; name another")
    of_class = np.flatnonzero(labels == labels[of_target[0]])
    return {
        "boundary-target": near(of_target),
        "boundary-other": near(of_other),
        "boundary": near(of_class),
        "target": of_target,
        "other": of_other,
        "class": of_class,
        "all": np.arange(len(labels)),
    }


def growth(
    features: np.ndarray,
    residuals: np.ndarray,
    solve: influence.Solve,
    pool: np.ndarray,
    sizes: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """I(G, G) / |G| of nested random groups.

    Args:
        features, residuals: (n, D), (n, C). pool: indices. sizes: increasing; those above the pool's size give NaN.
        draws: orders of the pool, each giving one group a size.

    Returns:
        (draws, sizes) float64.
    """
    possible = np.asarray(sizes)[np.asarray(sizes) <= len(pool)]
    g = influence.gradients(features[pool], residuals[pool])
    sums = np.stack([np.cumsum(g[rng.permutation(len(pool))], axis=0)[possible - 1] for _ in range(draws)])
    flat = sums.reshape(-1, g.shape[1])
    own = np.einsum("ij,ji->i", flat, solve(flat.T)).reshape(draws, len(possible))
    result = np.full((draws, len(sizes)), np.nan)
    result[:, : len(possible)] = own / possible
    return result


def one_after_other(
    features: np.ndarray,
    residuals: np.ndarray,
    solve: influence.Solve,
    first: np.ndarray,
    second: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """A group that takes all points of one subgroup in a random order, and then those of another (report, figure 9).

    Args:
        features, residuals: (n, D), (n, C). first, second: indices. draws: pairs of orders.

    Returns:
        I(G, G) / |G| after each member, and its cosine with the members before it, as in `greedy.Group`;
        each (draws, first + second).
    """
    points = np.concatenate([first, second])
    g = influence.gradients(features[points], residuals[points])
    gram = g @ solve(g.T)
    paths, angles = [], []
    for _ in range(draws):
        order = np.concatenate([rng.permutation(len(first)), len(first) + rng.permutation(len(second))])
        paths.append(gap.path(gram[np.ix_(order, order)]))
        angles.append(cosines(gram[np.ix_(order, order)]))
    return np.stack(paths), np.stack(angles)


def cosines(gram: np.ndarray) -> np.ndarray:
    """(size,) cosine of each vector with the sum of those before it, all at length one; 1 for the first.

    Args:
        gram: (size, size) their inner products; a vector of length zero has cosines of zero.
    """
    own = np.diag(gram)
    scale = 1 / np.sqrt(np.where(own > 0, own, np.inf))
    unit = scale[:, None] * gram * scale
    before = gap.path(unit)[:-1] * np.arange(1, len(gram))
    along = np.tril(unit, -1).sum(axis=1)[1:]
    return np.append(1.0, along / np.sqrt(np.where(before > 0, before, np.inf)))


def share_ordered(medians: dict[str, np.ndarray], order: list[str]) -> float:
    """Share of group sizes, of those that all pools reach, at which the medians fall in the given order."""
    stacked = np.stack([medians[pool] for pool in order])
    stacked = stacked[:, ~np.isnan(stacked).any(axis=0)]
    return float((np.diff(stacked, axis=0) <= 0).all(axis=0).mean())
