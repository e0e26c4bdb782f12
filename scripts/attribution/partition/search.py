"""Swaps that raise I(S, S) / |S| of one group under its constraints: a local optimum of definition 3.1."""

from typing import NamedTuple

import numpy as np

from attribution.partition.vectors import Vectors, chunks

GAIN = 1e-10  # least rise that counts, relative


class Improved(NamedTuple):
    """`members` (size,) ascending; `before` and `after`, I(S, S) / |S| of the group given and found; `swaps`."""

    members: np.ndarray
    before: float
    after: float
    swaps: int


def improve(vectors: Vectors, group: np.ndarray, inside: list[int], outside: list[int], most: int) -> Improved:
    """Exchange a member for another point, the pair of the largest rise each time, until none rises.

    With v = sum_S u the exchange of a for b gives |v|^2 + 2 (u_b - u_a) . v + |u_b - u_a|^2, so the best b for every a
    needs products of members with all others: those of the members go through together, a pass over the points a swap.

    Args:
        group: members. inside, outside: points that must stay in, or out. most: swaps.

    Raises:
        ValueError: when the group breaks its constraints.
    """
    members = np.zeros(vectors.count, dtype=bool)
    members[group] = True
    if not members[inside].all() or members[outside].any() or set(inside) & set(outside):
        raise ValueError(
            f"a group of {len(group)} points lacks one of the {len(inside)} that must be in it or has one of the "
            f"{len(outside)} that must be out, or a point must be both; no swap can start from it"
        )
    fixed = np.zeros(vectors.count, dtype=bool)
    fixed[[*inside, *outside]] = True
    sums = vectors.sums(np.flatnonzero(members))[:, None]
    before = total = float(sums[:, 0] @ vectors.dual(sums)[:, 0])
    swaps = 0
    while swaps < most:
        leaving, entering = np.flatnonzero(members & ~fixed), ~members & ~fixed
        if not len(leaving) or not entering.any():
            break
        rise, out, new = _best(vectors, sums, leaving, entering)
        if rise <= GAIN * abs(total):
            break
        members[out], members[new] = False, True
        sums = sums + (vectors.sums(np.array([new])) - vectors.sums(np.array([out])))[:, None]
        total += rise
        swaps += 1
    found = np.flatnonzero(members)
    exact = vectors.sums(found)[:, None]
    after = float(exact[:, 0] @ vectors.dual(exact)[:, 0])
    return Improved(found, before / len(found), after / len(found), swaps)


def _best(vectors: Vectors, sums: np.ndarray, leaving: np.ndarray, entering: np.ndarray) -> tuple[float, int, int]:
    """Largest rise of |v|^2 over pairs, and its two points."""
    each = np.stack([vectors.sums(np.array([point])) for point in leaving], axis=1)
    dual = vectors.dual(np.concatenate([sums, each], axis=1))
    of_leaving = 2 * (each.T @ dual[:, 0]) - vectors.square[leaving]
    best = (-np.inf, -1, -1)
    for rows in chunks(vectors.count):
        found = vectors.scores(rows, dual)
        # (members, rows): rise when the member leaves and the point enters
        rise = (2 * found[0] + vectors.square[rows]) - 2 * found[1:] - of_leaving[:, None]
        rise[:, ~entering[rows]] = -np.inf
        at = np.unravel_index(np.argmax(rise), rise.shape)
        if rise[at] > best[0]:
            best = (float(rise[at]), int(leaving[at[0]]), rows.start + int(at[1]))
    return best
