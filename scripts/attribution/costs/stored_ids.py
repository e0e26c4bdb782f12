"""Ids of points as one's own file or folder has them, so that a wrong one is told before anything is made of it."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np

from attribution.costs import data_sizes
from attribution.files import as_texts, csv_header, image_names
from attribution.settings import datasets

PARTS = ("train", "test")


def of(dataset: dict) -> dict[str, list[str]] | None:
    """Ids of the training and of the test points of a source, `train` and `test`; both have all where they are split
    only when they are read; empty where the source has none; None where it cannot be read, which is its loader's to
    report.

    Args:
        dataset: its settings.
    """
    reader = _READERS.get(dataset["loader"])
    if reader is None:
        return {part: [] for part in PARTS}
    try:
        return reader(datasets.complete(dataset))
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile):
        return None


def _of_npz(dataset: dict) -> dict[str, list[str]]:
    if os.path.isdir(dataset["path"]):
        return {part: _of_folder(Path(dataset["path"]), f"id_{part}") for part in PARTS}
    with np.load(dataset["path"], allow_pickle=False) as file:
        return {part: as_texts.of_array(file[f"id_{part}"]).tolist() if f"id_{part}" in file else [] for part in PARTS}


def _of_folder(folder: Path, name: str) -> list[str]:
    if (folder / f"{name}.npy").is_file():
        return as_texts.of_array(np.load(folder / f"{name}.npy", allow_pickle=False)).tolist()
    if (folder / f"{name}.json").is_file():
        return as_texts.of_array(np.array(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))).tolist()
    return []


def _of_h5(dataset: dict) -> dict[str, list[str]]:
    import h5py

    found = {}
    with h5py.File(dataset["path"]) as file:
        for part in PARTS:
            name = f"id_{part}"
            stored = file[name] if name in file else np.array([], dtype=str)
            values = stored.asstr()[()].astype(str) if stored.dtype.hasobject else stored[()]
            found[part] = as_texts.of_array(values).tolist()
    return found


def _of_table(dataset: dict) -> dict[str, list[str]]:
    train = _column(dataset["path"], dataset)
    return {"train": train, "test": _column(dataset["test"], dataset) if isinstance(dataset["test"], str) else train}


def _column(path: str, dataset: dict) -> list[str]:
    """The column of ids as pandas reads it, else the rows from 0."""
    name = dataset.get("id")
    if name is None:
        return list(map(str, range(data_sizes.of_table(path, dataset)[0])))
    import pandas as pd

    if path.casefold().endswith(".parquet"):
        return as_texts.of_column(pd.read_parquet(path, columns=[name])[name]).tolist()
    _, separator = csv_header.read(path)
    # as the loader reads them: 007 is no 7, and NA no missing one
    found = pd.read_csv(path, sep=separator, encoding="utf-8-sig", usecols=[name], dtype=str, keep_default_na=False)
    return found[name].tolist()


def _of_images(dataset: dict) -> dict[str, list[str]]:
    first, second, _ = image_names.parts(dataset["path"], dataset["test"])
    train = image_names.listed(first)[0]
    return {"train": train, "test": train if second is None else image_names.listed(second)[0]}


_READERS = {"npz": _of_npz, "h5": _of_h5, "table": _of_table, "images": _of_images}
