"""Training points named by an index or by a subgroup's name."""

import numpy as np


def central(x: np.ndarray, subgroup: np.ndarray, number: int) -> int:
    """Index of the member of a subgroup that is nearest to the subgroup's mean.

    Args:
        x: (n, ...) samples. subgroup: (n,) numbers. number: the subgroup.
    """
    members = np.flatnonzero(subgroup == number)
    flat = x[members].reshape(len(members), -1).astype(np.float64)
    return int(members[np.argmin(((flat - flat.mean(axis=0)) ** 2).sum(axis=1))])


def resolve(points: list, x: np.ndarray, subgroup: np.ndarray, subgroup_names: list[str]) -> list[int]:
    """Training indices of points given as indices or subgroup names.

    Raises:
        ValueError: when a name is no subgroup, or an index is not below n.
    """
    indices = []
    for point in points:
        if isinstance(point, str):
            if point not in subgroup_names:
                raise ValueError(f"'{point}' is no subgroup of the data; allowed are {', '.join(subgroup_names)}")
            indices.append(central(x, subgroup, subgroup_names.index(point)))
        elif 0 <= point < len(x):
            indices.append(int(point))
        else:
            raise ValueError(f"training index {point} does not exist; allowed are indices below {len(x)}")
    return indices
