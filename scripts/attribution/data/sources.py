"""One's own data, whatever it is stored as, as arrays that are checked."""

import numpy as np

from attribution.data import arrays, labels


def read(path: str, settings: dict) -> tuple[dict[str, np.ndarray], list[str], dict]:
    """Arrays of one's own data set.

    Args:
        path: its file or folder. settings: of the data set, complete.

    Returns:
        arrays: see `arrays.check`. class_names: by label. facts: what else data.h5 says of the source.

    Raises:
        ValueError: one sentence.
    """
    found, facts = _read(path, settings)
    found, called = arrays.named(found)
    found, names = labels.numbered(path, found, settings["class_names"], called)
    found = arrays.check(path, found, names, settings["subgroup_names"], called)
    return found, names or [str(label) for label in range(found["y_train"].max() + 1)], facts


def _read(path: str, settings: dict) -> tuple[dict, dict]:
    # pandas and Pillow only for whom they read
    if settings["loader"] == "table":
        from attribution.data import tables

        return tables.read(path, settings)
    if settings["loader"] == "images":
        from attribution.data import image_folders

        return image_folders.read(path, settings)
    return arrays.read(path, settings["loader"], settings["dense_gb"]), {}
