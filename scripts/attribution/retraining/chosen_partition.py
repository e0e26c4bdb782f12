"""What happens when parts leave a training that judges none of them, by which partitions and numbers are chosen."""

from pathlib import Path

import numpy as np

from attribution.retraining import parts


def left(
    partitions: list[np.ndarray], recipe: dict, x: np.ndarray, y: np.ndarray, classes: int, seed: int, work: Path
) -> list[np.ndarray]:
    """Changes of losses (parts, parts) of each partition, see `parts.changes`, in one training that is neither
    the run's nor a truth's.

    Args:
        partitions: labels (n,) of each. recipe, classes, seed: of the run. x, y: (n, ...), (n,) its training points.
        work: folder that keeps networks trained one by one, so that a call after a kill goes on.
    """
    # TensorFlow, which divisions by factors of the last layer do without
    from attribution.retraining import whole_networks

    kept, places = parts.masks(partitions)
    own = whole_networks.seed_of_choice(seed)
    label = "parts that leave, for the choice of a partition"
    losses = parts.losses(whole_networks.retrained(recipe, x, y, x, y, classes, own, kept, label, work))
    return [parts.changes(losses, labels, rows) for labels, rows in zip(partitions, places, strict=True)]
