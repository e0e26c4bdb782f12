"""Sizes of one's own arrays where they are a folder, or sparse matrices: from headers and a few small arrays."""

import zipfile
from pathlib import Path

import numpy as np

FLOAT32 = 4  # sparse matrices are made dense as such


def of_folder(path: str) -> tuple[tuple, tuple, int]:
    """Shapes of x_train and x_test and the item size of a folder of arrays, see `data.stored.array_folders`.

    Raises:
        OSError, KeyError, ValueError: where a file is none of the two forms.
    """
    (train, itemsize), (test, _) = (_of_file(Path(path), name) for name in ("x_train", "x_test"))
    return train, test, itemsize


def of_parts(archive: zipfile.ZipFile) -> tuple[tuple, tuple, int]:
    """The same of an npz file that has sparse matrices as the arrays of `data.stored.sparse`."""
    train, test = (_array(archive, f"{name}_shape.npy") for name in ("x_train", "x_test"))
    return train, test, FLOAT32


def labels(path: str) -> np.ndarray:
    """y_train of a folder of arrays.

    Raises:
        OSError, ValueError: where it is no array of NumPy.
    """
    return np.load(Path(path) / "y_train.npy", mmap_mode="r", allow_pickle=False)


def _of_file(folder: Path, name: str) -> tuple[tuple, int]:
    if (folder / f"{name}.npy").is_file():
        found = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return found.shape, found.dtype.itemsize
    with zipfile.ZipFile(folder / f"{name}.npz") as archive:
        return _array(archive, "shape.npy"), FLOAT32


def _array(archive: zipfile.ZipFile, name: str) -> tuple:
    with archive.open(name) as file:
        return tuple(int(side) for side in np.lib.format.read_array(file, allow_pickle=False))
