"""One of several partitions, chosen by what happens when their parts leave one network that judges none of them."""

from pathlib import Path

import numpy as np

from attribution.evaluation import part_removals
from attribution.retraining import parts


def scores(
    partitions: dict[str, np.ndarray], recipe: dict, x: np.ndarray, y: np.ndarray, classes: int, seed: int, work: Path
) -> np.ndarray:
    """(partitions,) own minus other, mean over parts, of one training that is neither the run's nor a truth's.

    Args:
        partitions: labels (n,) by name. recipe, classes, seed: of the run. x, y: (n, ...), (n,) its training points.
        work: folder that keeps networks trained one by one, so that a call after a kill goes on.
    """
    # TensorFlow, which divisions by factors of the last layer do without
    from attribution.retraining import whole_networks

    kept, places = parts.masks(list(partitions.values()))
    own = whole_networks.seed_of_choice(seed)
    label = "parts that leave, for the choice of a partition"
    losses = parts.losses(whole_networks.retrained(recipe, x, y, x, y, classes, own, kept, label, work))
    found = [parts.changes(losses, labels, rows) for labels, rows in zip(partitions.values(), places, strict=True)]
    return np.array([part_removals.own_minus_other(one).mean() for one in found])


def best(found: np.ndarray) -> int:
    """Place of the largest score, of equal ones the first: equal up to rounding, which differs between machines."""
    return int(np.flatnonzero(found >= found.max() - 1e-9 * np.abs(found).max())[0])
