"""Points that must lie in one part, or in different ones: the report's sets with members that are in and out."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# placements of points apart that are tried in one search, each set that hangs together alone
MOST = 200_000


class Bound(NamedTuple):
    """`block` (n,) number of the points that must be together, its own where a point is free; `apart` (q, 2) pairs of
    blocks; `tied` (n,) bool, whether a point has a constraint; `most` points of one list of those apart."""

    block: np.ndarray
    apart: np.ndarray
    tied: np.ndarray
    most: int


def none(count: int) -> Bound:
    """Free points."""
    return Bound(np.arange(count), np.zeros((0, 2), dtype=np.int64), np.zeros(count, dtype=bool), 0)


def bound(count: int, together: list[list[int]], apart: list[list[int]]) -> Bound:
    """Constraints of n points.

    Args:
        together: lists of points that must be in one part; lists that share a point are one. apart: lists of points no
            two of which may be in one part.

    Raises:
        ValueError: one sentence, for a point that is none, or two that must be both together and apart.
    """
    for name, lists in (("together", together), ("apart", apart)):
        for points in lists:
            wrong = [point for point in points if not 0 <= point < count]
            if wrong:
                raise ValueError(
                    f"partition.{name} holds point {wrong[0]}, but the {count} training points go from 0 to {count - 1}"
                )
    links = [(a, b) for points in together for a, b in pairwise(points)]
    rows, columns = np.array(links, dtype=np.int64).reshape(-1, 2).T
    _, block = connected_components(coo_array((np.ones(len(rows)), (rows, columns)), shape=(count, count)), False)
    pairs = {(a, b) for points in apart for i, a in enumerate(points) for b in points[i + 1 :]}
    for a, b in sorted(pairs):
        if block[a] == block[b]:
            raise ValueError(
                f"points {a} and {b} must be apart by partition.apart, and together by partition.together; leave "
                "one of both out"
            )
    blocks = np.array(sorted({tuple(sorted((int(block[a]), int(block[b])))) for a, b in pairs}), dtype=np.int64)
    tied = np.bincount(block)[block] > 1
    tied |= np.isin(block, blocks)
    return Bound(block, blocks.reshape(-1, 2), tied, max((len(set(points)) for points in apart), default=0))


def require_room(found: Bound, parts: int) -> None:
    """Raise ValueError when so many parts cannot keep apart what must be, or are not all filled."""
    free = len(np.unique(found.block))
    if free < parts:
        raise ValueError(
            f"partition.together leaves {free} points or sets of points, fewer than {parts} parts; take fewer parts, "
            "or tie fewer points"
        )
    blocks = np.unique(found.apart)
    if found.most > parts:
        raise ValueError(
            f"partition.apart keeps {found.most} points apart from one another, which {parts} parts cannot; take more "
            "parts, or name fewer points"
        )
    if len(blocks):
        _placed(blocks, found.apart, np.zeros((len(blocks), parts)))


def assigned(found: Bound, points: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """(p,) parts of tied points, of the least sum of costs that the constraints allow.

    Args:
        points: (p,) all tied ones. costs: (parts, p) of each in each part.
    """
    blocks, place = np.unique(found.block[points], return_inverse=True)
    total = np.zeros((len(blocks), len(costs)))
    np.add.at(total, place, costs.T)
    chosen = total.argmin(axis=1)
    inside = np.isin(blocks, found.apart)
    if inside.any():
        chosen[inside] = _placed(blocks[inside], found.apart, total[inside])
    return chosen[place]


def kept(found: Bound, labels: np.ndarray) -> bool:
    """Whether labels (n,) keep all constraints."""
    of_block = np.full(found.block.max() + 1, -1)
    of_block[found.block] = labels
    one = (of_block[found.block] == labels).all()
    return bool(one and (of_block[found.apart[:, 0]] != of_block[found.apart[:, 1]]).all())


def _placed(blocks: np.ndarray, apart: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """(b,) parts of blocks, no two that must be apart in one, of the least sum of costs (b, parts)."""
    at = {int(block): i for i, block in enumerate(blocks)}
    rows, columns = np.array([(at[int(a)], at[int(b)]) for a, b in apart]).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(blocks),) * 2).tocsr()
    graph = graph + graph.T
    groups, of = connected_components(graph, False)
    result = np.empty(len(blocks), dtype=np.int64)
    for group in range(groups):
        members = np.flatnonzero(of == group)
        result[members] = _component(members, graph, costs)
    return result


def _component(members: np.ndarray, graph, costs: np.ndarray) -> np.ndarray:
    """Parts of one set of blocks that hang together, by branch and bound: those with most partners first."""
    order = members[np.argsort(-np.diff(graph.indptr)[members], kind="stable")]
    partners = [set(graph.indices[graph.indptr[i] : graph.indptr[i + 1]]) for i in order]
    before = [[j for j in range(i) if order[j] in partners[i]] for i in range(len(order))]
    least = np.append(np.cumsum(costs[order].min(axis=1)[::-1])[::-1], 0.0)
    best, chosen, tried = [np.inf, None], [0] * len(order), 0

    def place(i: int, spent: float) -> None:
        nonlocal tried
        tried += 1
        if spent + least[i] >= best[0] or tried > MOST:
            return
        if i == len(order):
            best[:] = [spent, list(chosen)]
            return
        taken = {chosen[j] for j in before[i]}
        for part in np.argsort(costs[order[i]], kind="stable"):
            if int(part) not in taken:
                chosen[i] = int(part)
                place(i + 1, spent + costs[order[i], part])

    place(0, 0.0)
    if best[1] is None:
        raise ValueError(
            f"partition.apart ties {len(order)} points in a way for which no placement in {costs.shape[1]} parts was "
            f"found among {min(tried, MOST)}; take more parts, or leave pairs out"
        )
    result = np.empty(len(members), dtype=np.int64)
    result[np.searchsorted(members, order)] = best[1]
    return result
