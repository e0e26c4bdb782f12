"""A partition within classes: each class divided alone, the parts shared out by what they add to the objective."""

import numpy as np

from attribution.partition import constraints, kmeans
from attribution.partition.vectors import Vectors


def subset(vectors: Vectors, chosen: np.ndarray) -> Vectors:
    """The vectors of some points (s,), ascending, as if they were all."""

    def rows_of(rows: slice) -> np.ndarray:
        return chosen[rows]

    return vectors._replace(
        count=len(chosen), square=vectors.square[chosen],
        scores=lambda rows, v: vectors.scores(rows_of(rows), v),
        sums=lambda points: vectors.sums(chosen[points]),
        mixed=lambda rows, weights: vectors.mixed(rows_of(rows), weights),
    )  # fmt: skip


def partition(
    vectors: Vectors, classes: np.ndarray, parts: int, restarts: int, iterations: int, seed: int,
    bound: constraints.Bound | None = None, keys: np.ndarray | None = None,
) -> kmeans.Partition:  # fmt: skip
    """As `kmeans.partition`, with no part of two classes; the objective is the sum over classes, of the best restarts.

    Every class has a part; each further one goes to the class whose objective it raises most.

    Args:
        classes: (n,) integers.

    Raises:
        ValueError: when there are fewer parts than classes, or points of two classes must be together.
    """
    names = np.unique(classes)
    if parts < len(names):
        raise ValueError(
            f"{parts} parts within {len(names)} classes leave a class without one; set partition.parts to "
            f"{len(names)} or more, or partition.within_classes to false"
        )
    bound = bound or constraints.none(vectors.count)
    mixed = np.flatnonzero(np.array([len(np.unique(classes[bound.block == block])) > 1
                                     for block in np.unique(bound.block[bound.tied])]))  # fmt: skip
    if len(mixed):
        raise ValueError(
            "partition.together ties points of two classes, which partition.within_classes keeps apart; take one of "
            "both out"
        )
    members = [np.flatnonzero(classes == name) for name in names]

    def divided(place: int, count: int) -> kmeans.Partition | None:
        chosen = members[place]
        if count >= len(chosen):
            return None
        own = _of(bound, chosen)
        of_class = None if keys is None else keys[chosen]
        return kmeans.partition(subset(vectors, chosen), count, restarts, iterations, seed, own, of_class)

    found = [divided(place, 1) for place in range(len(names))]
    if any(one is None for one in found):
        raise ValueError("a class has a single point, which is no part; set partition.within_classes to false")
    further = [divided(place, 2) for place in range(len(names))]
    for _ in range(parts - len(names)):
        rises = [-np.inf if more is None else more.objectives.max() - one.objectives.max()
                 for one, more in zip(found, further, strict=True)]  # fmt: skip
        place = int(np.argmax(rises))
        if further[place] is None:
            raise ValueError(f"the classes have too few points for {parts} parts; set partition.parts lower")
        found[place] = further[place]
        further[place] = divided(place, int(found[place].labels.max()) + 2)
    labels, start = np.empty(vectors.count, dtype=np.int64), 0
    for chosen, one in zip(members, found, strict=True):
        labels[chosen] = start + one.labels
        start += int(one.labels.max()) + 1
    objectives = np.sort([one.objectives for one in found], axis=1)[:, ::-1].sum(axis=0)
    return kmeans.Partition(labels, objectives, np.max([one.steps for one in found], axis=0), 0)


def _of(bound: constraints.Bound, chosen: np.ndarray) -> constraints.Bound:
    """Constraints among some points."""
    blocks, block = np.unique(bound.block[chosen], return_inverse=True)
    place = {int(name): i for i, name in enumerate(blocks)}
    apart = [(place[int(a)], place[int(b)]) for a, b in bound.apart if int(a) in place and int(b) in place]
    apart = np.array(apart, dtype=np.int64).reshape(-1, 2)
    tied = (np.bincount(block)[block] > 1) | np.isin(block, apart)
    return constraints.Bound(block, apart, tied, bound.most if len(apart) else 0)
