"""Points are given the places of parts of fixed sizes so that a sum of values is largest: the transportation problem.

Its dual are prices of the parts: where every point takes the part of the largest value less price, and parts are taken
exactly as often as they have places, no other assignment has a larger sum. Prices are lowered and raised part by part
until the demand for each meets its places (a step of coordinate descent on the dual), which leaves few points too many.
These move along the shortest path, over parts, from a part that is demanded too often to one that is too seldom
(successive shortest paths, Ahuja, Magnanti and Orlin 1993, chapter 9): the assignment stays the best one for the sizes
that it has at every step, so the last is the best one for the sizes asked for, whatever the prices began with.

Only parts are nodes of the graph: the cost of a path's step from a to b is the least that one of a's points would lose.
n points are an array of n x parts numbers, never of n x n.
"""

import numpy as np

# Passes over all prices before the paths: each meets demand more nearly, and costs as much as some ten paths.
PASSES = 4


def give(values: np.ndarray, sizes: np.ndarray, prices: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The assignment with the largest sum of values among those of the given sizes.

    Args:
        values: (n, parts) of each point in each part, finite. sizes: (parts,) places, of sum n.
        prices: (parts,) to begin with, such as those of values that differ little; they change the time only.

    Returns:
        labels (n,) int64 and prices (parts,): no point would rather have another part at these, beyond rounding.
    """
    prices = np.zeros(len(sizes)) if prices is None else prices.copy()
    for _ in range(PASSES if len(sizes) > 1 else 0):
        if not _demand_met(values, sizes, prices):
            break
    labels = (values - prices).argmax(axis=1)
    _move_along_paths(values, sizes, prices, labels)
    return labels, prices


def _demand_met(values: np.ndarray, sizes: np.ndarray, prices: np.ndarray) -> bool:
    """Set the price of each part in turn so that as many points want it as it has places; whether one changed."""
    worth, changed = values - prices, False
    first, most, second = _two_best(worth)
    for part, places in enumerate(sizes):
        if places == len(values):
            continue
        lead = values[:, part] - np.where(first == part, second, most)
        # between the last point that is to have the part and the first that is not
        last, next_one = -np.partition(-lead, (places - 1, places))[[places - 1, places]]
        if next_one <= prices[part] <= last:
            continue
        prices[part], changed = (last + next_one) / 2, True
        before, worth[:, part] = worth[:, part].copy(), values[:, part] - prices[part]
        # of which the part was or is one of the two best
        near = np.flatnonzero((before >= second) | (worth[:, part] > second))
        first[near], most[near], second[near] = _two_best(worth[near])
    return changed


def _two_best(worth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The best part of each point (n,), its worth, and that of the second."""
    top = np.partition(worth, -2, axis=1)
    return worth.argmax(axis=1), top[:, -1], top[:, -2]


def _move_along_paths(values: np.ndarray, sizes: np.ndarray, prices: np.ndarray, labels: np.ndarray) -> None:
    """Change `labels` and `prices` in place until the sizes are met."""
    parts = len(sizes)
    more = np.bincount(labels, minlength=parts) - sizes
    loss, point = np.full((parts, parts), np.inf), np.full((parts, parts), -1)
    for part in range(parts):
        _least_losses(values, prices, labels, part, loss, point)
    while (more > 0).any():
        length, before = _shortest(loss, more > 0)
        end = int(np.where(more < 0, length, np.inf).argmin())
        # on the path nothing is lost by a step after this, and nowhere does a step gain
        rise = length[end] - np.minimum(length, length[end])
        prices += rise
        loss -= rise[:, None]
        loss += rise[None]
        np.maximum(loss, 0, out=loss)
        changed, at = [end], end
        while before[at] >= 0:
            labels[point[before[at], at]] = at
            at = before[at]
            changed.append(at)
        more[at] -= 1
        more[end] += 1
        for part in changed:
            _least_losses(values, prices, labels, part, loss, point)


def _least_losses(values, prices, labels, part: int, loss: np.ndarray, point: np.ndarray) -> None:
    """Row `part` of the least loss of a point that goes from it to each other part, and of the point."""
    members = np.flatnonzero(labels == part)
    loss[part] = np.inf
    if len(members):
        worth = values[members] - prices
        losses = worth[:, [part]] - worth
        best = losses.argmin(axis=0)
        loss[part], point[part] = np.maximum(losses[best, np.arange(len(prices))], 0), members[best]
    loss[part, part] = np.inf


def _shortest(loss: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(parts,) length of the shortest path from any start to each part, and the part before it, -1 at a start."""
    length = np.where(start, 0.0, np.inf)
    before = np.full(len(loss), -1)
    while True:
        through = length[:, None] + loss
        last = through.argmin(axis=0)
        found = through[last, np.arange(len(loss))]
        shorter = found < length
        if not shorter.any():
            return length, before
        length, before = np.where(shorter, found, length), np.where(shorter, last, before)
