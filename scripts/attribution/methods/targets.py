"""The points of a run that judges ask methods about."""

import numpy as np

from attribution.data import seed_points
from attribution.files import hdf5
from attribution.files.results.data import INJECTED_PAIRS, SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN


def injected_pairs(data: str) -> np.ndarray | None:
    """(q, 2) training indices of each injected image and its partner; None where the data have none."""
    with hdf5.file(data) as file:
        return file[INJECTED_PAIRS][()] if INJECTED_PAIRS in file else None


def required_pairs(data: str) -> np.ndarray:
    """The same.

    Raises:
        ValueError: when no image was injected.
    """
    pairs = injected_pairs(data)
    if pairs is None:
        raise ValueError(f"{data} has no injected pairs; set `inject` of that data set to a CSV of near-duplicates")
    return pairs


def seeds(data: str, asked: dict, subgroups: list[str]) -> list[int]:
    """Training indices that a judge has groups grown from.

    Args:
        data: data.h5. asked: `injected`, `never`, `first` or `only`: whether the injected images are the seeds, where
            there are some or in any case; and for the others `seeds`, see `seed_points.seeds`. subgroups: names.

    Raises:
        ValueError: when no image was injected, and they must be; as `seed_points.seeds`.
    """
    pairs = required_pairs(data) if asked["injected"] == "only" else injected_pairs(data)
    if asked["injected"] != "never" and pairs is not None:
        return pairs[:, 0].tolist()
    x, y, subgroup = hdf5.read(data, X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    own = seed_points.own_of(data, asked["seeds"])
    return seed_points.seeds(asked["seeds"], x, y, subgroup, subgroups, [], own, "overlap.seeds")[1]
