"""Where a growth stops: conditions, each of which says how many of its first members are the group.

size       all of them
peak       where I(G, G) / |G| is largest (the report's, section 4.1.3)
turn       where new members first turn away from the group, see `turning`
gap        where I(G, G) / |G| lies farthest above that of random groups, see `gap`
split      as many as InfEmbed's splitting rule leaves with the seed, see `splitting`
reseeding  where the group grows again from its own members, see `reseeding`
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from attribution.groups import gap, greedy, reseeding, splitting, turning
from attribution.groups.products import NoProducts, Products

CONDITIONS = ("size", "peak", "turn", "gap", "split", "reseeding")
# those that judge how alike members are, which the least influential ones are not
BY_LIKENESS = ("turn", "gap", "split")


class Growth(NamedTuple):
    """What conditions know beside a group: `labels` (n,); `allowed` (n,) bool, points that groups may take; `products`
    of the vectors by which it grew; `grow` lists of seeds -> groups of the same size by the same rule; `seed` of
    k-means."""

    labels: np.ndarray
    allowed: np.ndarray
    products: Products
    grow: Callable[[list[list[int]]], list[greedy.Group]]
    seed: int


def size(condition: str, group: greedy.Group, start: int, growth: Growth) -> int:
    """Number of members at which a condition stops a group, whose first `start` members were given.

    Raises:
        ValueError: when it is none of CONDITIONS; when scores of points with themselves are not positive and it is
            none of size and peak.
    """
    members = group.members
    if condition == "size":
        return len(members)
    if condition == "peak":
        return group.peak
    if condition == "turn":
        # refuses scores that are no inner products, of which there are no cosines
        growth.products.gram(members)
        return turning.turning_point(group.cosine)
    if condition == "gap":
        return gap.size(members, start, growth.labels, growth.allowed, growth.products)
    if condition == "split":
        return splitting.size(growth.products.gram(members), growth.seed)
    if condition == "reseeding":
        return reseeding.size(members, growth.labels, growth.allowed, growth.grow)
    raise ValueError(f"stop is '{condition}'; allowed are {', '.join(CONDITIONS)}")


def end(condition: str, direction: str, group: greedy.Group, start: int, growth: Growth) -> tuple[str, int]:
    """The condition that stops a growth, and how many of its first members are the group: its seeds at least.

    Where likeness says nothing, in direction `min` and by scores that are no inner products, all members are the group,
    as by `size`, in the place of a condition of BY_LIKENESS.

    Args:
        direction: in which the group grew. The others, and what is raised: as `size`.
    """
    everyone = "size", len(group.members)
    if condition in BY_LIKENESS and direction == "min":
        return everyone
    try:
        return condition, max(size(condition, group, start, growth), start)
    except NoProducts:
        return everyone
