"""How far two trainings agree on a seed point's group: shared members, without the seed point itself."""

import numpy as np
from scipy import stats

METRICS = ("overlap", "jaccard")
# Method name of what random members of the seed's class would give.
CHANCE = "random-class"


def shared(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Number of members that two sets of groups share, the seed point in front not counted.

    Args:
        first, second: (s, size) training indices, a row a seed point, the same seed in column 0 of both.

    Returns:
        (s,) int64.

    Raises:
        ValueError: when the shapes differ, or the seed points.
    """
    if first.shape != second.shape or (first[:, 0] != second[:, 0]).any():
        raise ValueError(
            f"groups of shapes {first.shape} and {second.shape} are not of the same seed points and size; make "
            "overlap.h5 of every model and training seed again with the same data set and section overlap"
        )
    return np.array([np.isin(a, b).sum() for a, b in zip(first[:, 1:], second[:, 1:], strict=True)], dtype=np.int64)


def outcomes(count: np.ndarray, members: int) -> dict[str, np.ndarray]:
    """`overlap` count / members and `jaccard` |A and B| / |A or B| of two groups of so many members.

    Args:
        count: (s,) shared members. members: of each group, without the seed.
    """
    return {"overlap": count / members, "jaccard": count / (2 * members - count)}


def by_chance(labels: np.ndarray, seeds: np.ndarray, members: int) -> dict[str, np.ndarray]:
    """Expected outcomes of two independent draws of `members` other points of each seed's class, exactly.

    The number of shared points is hypergeometric.

    Args:
        labels: (n,). seeds: (s,) training indices.

    Returns:
        the keys of `outcomes`, (s,) each.

    Raises:
        ValueError: when a class has fewer other points.
    """
    result = {metric: np.empty(len(seeds)) for metric in METRICS}
    for row, seed in enumerate(seeds):
        others = int((labels == labels[seed]).sum()) - 1
        if others < members:
            raise ValueError(
                f"the class of training point {seed} has {others} other points, fewer than the {members} members of "
                "a group; lower overlap.size"
            )
        count = np.arange(members + 1)
        weight = stats.hypergeom(others, members, members).pmf(count)
        for metric, values in outcomes(count, members).items():
            result[metric][row] = weight @ values
    return result
