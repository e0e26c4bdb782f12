"""Which training points are taken out: one at a time, in groups, or by random subsets; the same in every shard."""

from typing import NamedTuple

import numpy as np

KINDS = ("random", "class", "neighbours")
# Streams of the generator, so that groups, subsets and held-out subsets never share a draw.
GROUPS, SUBSETS, HELD_OUT = 1, 2, 3


class Removals(NamedTuple):
    """`masks` (g, n) bool, True where a point stays; `kind` (g,) text, how the group was drawn; `share` (g,) of the
    training set that leaves."""

    masks: np.ndarray
    kind: np.ndarray
    share: np.ndarray


def leave_one_out(n: int) -> np.ndarray:
    """(n, n) bool: row i leaves point i out."""
    return ~np.eye(n, dtype=bool)


def left_out(masks: np.ndarray) -> list[np.ndarray]:
    """Members of each group that leaves, from masks (g, n) that are False where a point does."""
    return [np.flatnonzero(~mask) for mask in masks]


def groups(x: np.ndarray, labels: np.ndarray, shares: list[float], draws: int, seed: int) -> Removals:
    """Groups to leave out: `random` points, random points of one `class`, and the `neighbours` of a random point.

    Args:
        x: (n, ...) samples, in which neighbours are near. labels: (n,). shares: of n, each in (0, 1).
        draws: groups of each kind and share. seed: of the draws.

    A group of one class takes at most half of that class, so that a class never disappears by it; one of a single point
    gives none.

    Raises:
        ValueError: when every class has a single point.
    """
    n, flat = len(x), x.reshape(len(x), -1).astype(np.float64)
    classes, counts = np.unique(labels, return_counts=True)
    several, rows = classes[counts > 1], []
    if not len(several):
        raise ValueError(f"each of {len(classes)} classes has one point only, so no group of a class can leave")
    for position, share in enumerate(shares):
        for draw in range(draws):
            size, order = max(1, round(share * n)), _order(n, position, draw, seed)
            # the class of the first point, where that is not its only one
            shared = order[np.isin(labels[order], several)]
            of_class = order[labels[order] == labels[shared[0]]]
            nearest = np.argsort(((flat - flat[order[0]]) ** 2).sum(axis=1), kind="stable")
            chosen = order[:size], of_class[: min(size, len(of_class) // 2)], nearest[:size]
            rows += [(kind, members) for kind, members in zip(KINDS, chosen, strict=True)]
    masks = np.ones((len(rows), n), dtype=bool)
    for mask, (_, members) in zip(masks, rows, strict=True):
        mask[members] = False
    return Removals(masks, np.array([kind for kind, _ in rows]), 1 - masks.mean(axis=1))


def centres(n: int, shares: list[float], draws: int, seed: int) -> np.ndarray:
    """(shares, draws) training points about which `groups` draws: the first of each random group, where its
    neighbours are and found groups grow from. Arguments as there."""
    found = [[_order(n, position, draw, seed)[0] for draw in range(draws)] for position in range(len(shares))]
    return np.array(found, dtype=np.int64)


def _order(n: int, position: int, draw: int, seed: int) -> np.ndarray:
    """(n,) the points in the random order of a draw; `position` is that of its share."""
    return np.random.default_rng((GROUPS, seed, position, draw)).permutation(n)


def random_subsets(n: int, alpha: float, start: int, count: int, seed: int, stream: int) -> np.ndarray:
    """Subsets number `start` to `start + count - 1` of size alpha n (Ilyas et al. 2022, section 2).

    Args:
        n: training points. alpha: share that stays. seed, stream: of the draw; each subset depends on them and on its
            own number only, so that any sharding draws the same subsets.

    Returns:
        (count, n) bool, True where a point is in the subset.

    Raises:
        ValueError: when alpha n rounds to no point.
    """
    size = round(alpha * n)
    if not size:
        raise ValueError(f"datamodels.alphas holds {alpha:g}, which of {n} points leaves none; use {1 / n:.3g} or more")
    masks = np.zeros((count, n), dtype=bool)
    for row, number in zip(masks, range(start, start + count), strict=True):
        row[np.random.default_rng((stream, seed, round(alpha * 1e9), number)).permutation(n)[:size]] = True
    return masks


def member_ids(start: int, count: int, stream: int) -> np.ndarray:
    """(count,) ids of the networks trained on those subsets; they choose the dropout masks."""
    return stream * 10**9 + np.arange(start, start + count)
