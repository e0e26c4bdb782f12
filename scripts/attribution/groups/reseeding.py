"""Whether a group's own members grow it again: membership that does not depend on the seed point."""

from collections.abc import Callable

import numpy as np

# chosen on the same trainings as `splitting.COHERENCE`
SEEDS = 16  # members from which the group is grown again
LEAST = 3  # of them among the first m members, for m to count
MOST = 0.9  # share by chance, for m to count: where a group has nearly all of its classes, any two are alike


def recurring(members: np.ndarray, again: np.ndarray) -> np.ndarray:
    """(size,) share of the first m members, m = 1 to size, that are among the first m of another order.

    Args:
        members, again: (size,) training indices, none twice.
    """
    _, first, second = np.intersect1d(members, again, assume_unique=True, return_indices=True)
    both = np.bincount(np.maximum(first, second), minlength=len(members))
    return both.cumsum() / np.arange(1, len(members) + 1)


def by_chance(own: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(size,) the same share in expectation, of m random points of the classes that the first m members have.

    Args:
        own: (size,) labels of the members. labels: (n,) of the points that groups may take.
    """
    names, counts = np.unique(labels, return_counts=True)
    mix = (own[:, None] == names).cumsum(axis=0)
    return (mix**2 / counts).sum(axis=1) / np.arange(1, len(own) + 1)


def steadiest(shares: np.ndarray, places: np.ndarray, chance: np.ndarray) -> int:
    """Size m at which most of the first m members recur when they are the seeds, beyond chance.

    Args:
        shares: (seeds, size) from `recurring`. places: (seeds,) where each seed stands in the order, from 0.
        chance: (size,) from `by_chance`.

    Returns:
        that of the largest (share - chance) / (1 - chance), the share a mean over the seeds among the first m, where
        these are LEAST or more and chance is MOST or less; all, len(chance), where that is nowhere.
    """
    inside = places[:, None] < np.arange(1, len(chance) + 1)
    count = inside.sum(axis=0)
    judged = (count >= LEAST) & (chance <= MOST)
    if not judged.any():
        return len(chance)
    mean = (shares * inside).sum(axis=0) / np.maximum(count, 1)
    return int(np.argmax(np.where(judged, (mean - chance) / (1 - np.minimum(chance, MOST)), -np.inf))) + 1


def size(members: np.ndarray, labels: np.ndarray, allowed: np.ndarray, grow: Callable) -> int:
    """Number of members by `steadiest`, grown again from SEEDS of them at even distances in the order.

    Args:
        members: (size,) in order of selection. labels: (n,). allowed: (n,) bool, points that groups may take.
        grow: lists of seeds -> as many groups of the same size, each with its `members`.
    """
    places = np.unique(np.linspace(1, len(members) - 1, SEEDS).astype(int)) if len(members) > 1 else np.array([], int)
    if len(places) < LEAST:
        return len(members)
    again = grow([[int(seed)] for seed in members[places]])
    shares = np.stack([recurring(members, other.members) for other in again])
    return steadiest(shares, places, by_chance(labels[members], labels[allowed]))
