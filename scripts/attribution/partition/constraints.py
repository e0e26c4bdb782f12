"""Points that must lie in one part, or in different ones: the report's sets with members that are in and out."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# nodes of the search for places of points apart, each set that hangs together alone
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


def least_parts(found: Bound, most: int) -> int:
    """The smallest number of parts, up to `most`, that can keep apart what must be.

    Raises:
        ValueError: when none can, as `require_room` of the largest.
    """
    for parts in range(1, most):
        try:
            require_room(found, parts)
        except ValueError:
            continue
        return parts
    require_room(found, most)
    return most


def among(found: Bound, chosen: np.ndarray) -> Bound:
    """Constraints among some points (s,), ascending, as if they were all."""
    blocks, block = np.unique(found.block[chosen], return_inverse=True)
    place = {int(name): i for i, name in enumerate(blocks)}
    apart = [(place[int(a)], place[int(b)]) for a, b in found.apart if int(a) in place and int(b) in place]
    apart = np.array(apart, dtype=np.int64).reshape(-1, 2)
    tied = (np.bincount(block)[block] > 1) | np.isin(block, apart)
    # of a list only some points may be here: pairs say what is left of it
    return Bound(block, apart, tied, 2 if len(apart) else 0)


def assigned(found: Bound, points: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """(p,) parts of tied points, of the least sum of costs that the constraints allow.

    Of points apart that hang together in a set too large for the search, some of the least found in its MOST nodes.

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
    """Parts of one set of blocks that hang together, by branch and bound: those with most partners first.

    Nodes wait on a stack: a call a block would be too deep for a long chain.
    """
    order = members[np.argsort(-np.diff(graph.indptr)[members], kind="stable")]
    place = {int(block): i for i, block in enumerate(order)}
    partners = [[place[int(j)] for j in graph.indices[graph.indptr[i] : graph.indptr[i + 1]]] for i in order]
    before = [[j for j in near if j < i] for i, near in enumerate(partners)]
    least = np.append(np.cumsum(costs[order].min(axis=1)[::-1])[::-1], 0.0)
    cheapest = np.argsort(costs[order], axis=1, kind="stable")
    best, found, chosen, tried = np.inf, None, np.full(len(order), -1), 0
    # how many blocks have a part, the part of the last of them, and what they cost
    waiting = [(0, -1, 0.0)]
    while waiting and tried < MOST:
        count, part, spent = waiting.pop()
        tried += 1
        if spent + least[count] >= best:
            continue
        if count:
            chosen[count - 1] = part
        if count == len(order):
            best, found = spent, chosen.copy()
            continue
        taken = {int(chosen[j]) for j in before[count]}
        # the cheapest part last, which is taken up first
        waiting += [
            (count + 1, int(new), spent + costs[order[count], new])
            for new in cheapest[count, ::-1] if int(new) not in taken
        ]  # fmt: skip
    if found is None:
        raise ValueError(
            f"partition.apart ties {len(order)} points in a way for which no placement in {costs.shape[1]} parts was "
            f"found among {tried}; take more parts, or leave pairs out"
        )
    result = np.empty(len(members), dtype=np.int64)
    result[np.searchsorted(members, order)] = found
    return result
