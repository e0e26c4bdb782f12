"""Parts of partitions that leave: whose networks are trained, and what their losses say."""

import numpy as np

from attribution.files import hdf5
from attribution.files.results.partition import CHANGES, LABELS, METHODS, SIZED, SIZES


def read(partition: str) -> tuple[dict[str, np.ndarray], dict]:
    """Labels (n,) of every partition of a partition.h5, those of the same sizes by what controls know among them.

    Returns:
        labels by the names of partition-removals-*.h5, and attributes for it: the methods, and which are controls.
    """
    found, facts = {}, {METHODS: list(hdf5.attributes(partition)[METHODS])}
    with hdf5.file(partition) as file:
        for name in facts[METHODS]:
            facts[f"{name}/control"] = int(file[name].attrs["control"])
            found[name] = file[name][LABELS][()]
            for control in file[name].get(SIZED, []):
                found[f"{name}/{SIZED}/{control}"] = file[name][SIZED][control][()]
    return found, facts


def arrays(partitions: dict[str, np.ndarray], places: list[np.ndarray], losses: list[np.ndarray]) -> dict:
    """What partition-removals-*.h5 holds of each partition, from the (M, n) losses of each independent training.

    Args:
        partitions: labels by name. places: their networks, both as `masks` gives them.
    """
    written = {}
    for (name, labels), rows in zip(partitions.items(), places, strict=True):
        written[f"{name}/{CHANGES}"] = np.stack([changes(found, labels, rows) for found in losses])
        written[f"{name}/{SIZES}"] = np.bincount(labels)
    return written


def masks(partitions: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """What is kept in each network: the first keeps all points, each further one lacks a part; equal ones are one.

    A partition of a single part, as a criterion of the number of parts may find, has nothing that could leave: its row
    is the first, so that nothing changes.

    Args:
        partitions: labels (n,) in [0, parts) of each.

    Returns:
        kept (M, n) bool, and of each partition the rows (parts,) of its parts.

    Raises:
        ValueError: when no partition has two parts.
    """
    divided = [labels for labels in partitions if labels.max() > 0]
    if not divided:
        raise ValueError(
            f"each of the {len(partitions)} partitions has a single part, without which no point is left; set "
            "partition.parts to 2 or more"
        )
    rows = [labels != part for labels in divided for part in range(labels.max() + 1)]
    distinct, place = np.unique(np.array(rows), axis=0, return_inverse=True)
    kept = np.concatenate([np.ones((1, distinct.shape[1]), dtype=bool), distinct])
    counts = [labels.max() + 1 if labels.max() > 0 else 0 for labels in partitions]
    found = np.split(1 + place.ravel(), np.cumsum(counts)[:-1])
    return kept, [rows if len(rows) else np.zeros(1, dtype=np.int64) for rows in found]


def losses(margins: np.ndarray) -> np.ndarray:
    """Cross-entropy from margins log p / (1 - p) of the label: log(1 + exp(-margin))."""
    return np.logaddexp(0, -margins)


def changes(found: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(parts, parts) mean change of the loss on the points of part k (column) when part j (row) leaves.

    Args:
        found: (M, n) losses of the networks of `masks`. labels: (n,). rows: of the parts.
    """
    sizes = np.bincount(labels)
    change = found[rows] - found[0]
    return np.stack([np.bincount(labels, weights=row) / sizes for row in change])
