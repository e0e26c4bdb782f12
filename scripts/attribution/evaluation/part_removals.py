"""What parts of a partition did to the network: how much more their own loss rises than others' when they leave."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix


def own_minus_other(changes: np.ndarray) -> np.ndarray:
    """(..., parts) change of the loss on the part that left, less the mean of that on the others.

    Args:
        changes: (..., parts, parts), row = part that left, column = part whose loss changed. Beside a single part there
            is no other, and nothing is taken off.
    """
    parts = changes.shape[-1]
    own = np.diagonal(changes, axis1=-2, axis2=-1)
    return own - (changes.sum(axis=-1) - own) / max(parts - 1, 1)


def share(changes: np.ndarray) -> float:
    """Part of the sum of all absolute changes that stands on the diagonal; 1 / parts where rows are even."""
    total = np.abs(changes).sum()
    return float(np.diagonal(changes, axis1=-2, axis2=-1).sum() / total) if total > 0 else np.nan


def interval(values: list[np.ndarray], resamples: int, level: float, seed: int) -> tuple[float, float]:
    """Bootstrap interval of the mean over trainings of the mean over their parts: trainings are drawn, then parts.

    Args:
        values: one (parts,) a training, whose numbers of parts may differ. resamples, level, seed: section `bootstrap`.
    """
    rng, count = np.random.default_rng(seed), len(values)
    total = np.zeros(resamples)
    for chosen in rng.integers(count, size=(count, resamples)):
        for training, own in enumerate(values):
            drawn = np.flatnonzero(chosen == training)
            total[drawn] += own[rng.integers(len(own), size=(len(drawn), len(own)))].mean(axis=1)
    low, high = np.quantile(total / count, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def best(controls: dict[str, list[np.ndarray]]) -> str:
    """The control with the largest mean over trainings, each (parts,), of the mean over their parts."""
    return max(controls, key=lambda name: np.mean([own.mean() for own in controls[name]]))


def matched(labels: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(parts,) part of another partition with as many that stands for each part, by the most points in common.

    Equal partitions are paired part by part, whatever their numbers: one gains nothing over the other in any.

    Args:
        labels, others: (n,) in [0, parts).
    """
    _, columns = linear_sum_assignment(contingency_matrix(labels, others), maximize=True)
    return columns
