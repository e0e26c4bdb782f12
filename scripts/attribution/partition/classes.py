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

    Every class has a part, or as many as keep apart what must be in it; each further one goes to the class whose
    objective it raises most.

    Args:
        classes: (n,) integers.

    Raises:
        ValueError: when there are fewer parts than these, or points of two classes must be together.
    """
    bound = bound or constraints.none(vectors.count)
    first = least_parts(bound, classes, parts)
    if parts < sum(first):
        raise ValueError(
            f"{parts} parts within {len(first)} classes leave a class without one that it needs; set partition.parts "
            f"to {sum(first)} or more, or partition.within_classes to false"
        )
    members = members_of(classes)

    def divided(place: int, count: int) -> kmeans.Partition | None:
        chosen = members[place]
        if count >= len(chosen):
            return None
        own = constraints.among(bound, chosen)
        of_class = None if keys is None else keys[chosen]
        return kmeans.partition(subset(vectors, chosen), count, restarts, iterations, seed, own, of_class)

    found = [divided(place, count) for place, count in enumerate(first)]
    if any(one is None for one in found):
        raise ValueError("a class has no more points than it needs parts; set partition.within_classes to false")
    further = [divided(place, count + 1) for place, count in enumerate(first)]
    for _ in range(parts - sum(first)):
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


def members_of(classes: np.ndarray) -> list[np.ndarray]:
    """Points of each class, ascending."""
    return [np.flatnonzero(classes == name) for name in np.unique(classes)]


def least_parts(bound: constraints.Bound, classes: np.ndarray, most: int) -> list[int]:
    """The smallest number of parts of each class, see `constraints.least_parts`.

    Raises:
        ValueError: as there, or when points of two classes must be together.
    """
    tied = np.unique(bound.block[bound.tied])
    if any(len(np.unique(classes[bound.block == block])) > 1 for block in tied):
        raise ValueError(
            "partition.together ties points of two classes, which partition.within_classes keeps apart; take one of "
            "both out"
        )
    return [constraints.least_parts(constraints.among(bound, chosen), most) for chosen in members_of(classes)]
