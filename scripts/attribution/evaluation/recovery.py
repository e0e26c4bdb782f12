"""How well a group recovers the subgroup that its seed came from."""

import numpy as np


def precision(members: np.ndarray, subgroup: np.ndarray, target: int) -> float:
    """Share of the first members, as many as the subgroup has, that belong to it; the seed counts."""
    size = int((subgroup == target).sum())
    return float((subgroup[members[:size]] == target).mean())


def exhausted_at(members: np.ndarray, subgroup: np.ndarray, target: int) -> float:
    """Number of members when the subgroup's last point has joined; NaN when some never joined."""
    inside = np.flatnonzero(subgroup[members] == target)
    return float(inside[-1] + 1) if len(inside) == (subgroup == target).sum() else float("nan")


def random_precision(
    subgroup: np.ndarray, labels: np.ndarray, seed: int, target: int, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """(draws,) precision of random groups of the seed's class that hold the seed."""
    others = np.flatnonzero((labels == labels[seed]) & (np.arange(len(labels)) != seed))
    return np.array([precision(np.append(seed, rng.permutation(others)), subgroup, target) for _ in range(draws)])
