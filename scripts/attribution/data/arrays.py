"""One's own data: four arrays, by Keras's names, from a file or a folder, checked before anything is computed."""

from functools import partial
from pathlib import Path

import numpy as np

from attribution.data import labels
from attribution.data.stored import array_folders, hdf5_arrays, npz_arrays, sparse
from attribution.settings import datasets

REQUIRED = ("x_train", "y_train", "x_test", "y_test")
OPTIONAL = ("subgroup_train", "subgroup_test")
# of each part: names of samples, and texts to show for them
TEXTS = ("id", "items")
SPARSE = ("format", "indices", "indptr", "data")  # arrays of scipy.sparse.save_npz
ROWS = 4096  # samples looked at in one go


def read(path, loader: str, dense_gb: float = datasets.DENSE_GB) -> dict[str, np.ndarray]:
    """The arrays of a file, as they are, sparse ones as dense float32.

    Args:
        path: the file. loader: `npz` (numpy.savez, or a folder, see `array_folders`) or `h5` (HDF5, arrays at its
            root). dense_gb: gigabytes that sparse ones may take, see `stored.sparse`.

    Returns:
        x_train, y_train, x_test, y_test, and subgroup_train, id_train, items_train and those of the test set where the
        file has them.

    Raises:
        ValueError: one sentence with the file and, where it is about one, the array: locked, without permission, away,
            damaged, of another or newer kind, compressed by what is not installed, linked to nothing, missing, objects,
            sparse and too large.
    """
    reading = {"npz": npz_arrays.read, "h5": hdf5_arrays.read}[loader]
    if loader == "npz" and Path(path).is_dir():
        reading = array_folders.read
    found = reading(path, sparse.with_parts(partial(_wanted, path)), partial(_objects, path))
    return sparse.dense(path, sparse.joined(path, found), dense_gb)


def check(path, arrays: dict[str, np.ndarray], class_names: list[str], subgroup_names: list[str]) -> dict:
    """Bring labels to (n,) int64 and check everything that later stages rely on.

    Args:
        path: for messages. arrays: see `read`. class_names, subgroup_names: as in the settings, or empty.

    Returns:
        the arrays; x keep their dtype, except that bool becomes uint8.

    Raises:
        ValueError: one sentence with the array, what was found and what is expected.
    """
    checked = {}
    for part in ("train", "test"):
        x = _samples(path, f"x_{part}", arrays[f"x_{part}"])
        checked[f"x_{part}"] = x
        for name in (f"y_{part}", f"subgroup_{part}"):
            if name in arrays:
                checked[name] = _numbers(path, name, arrays[name])
                if len(checked[name]) != len(x):
                    raise ValueError(
                        f"{path}: x_{part} has {len(x)} rows and {name} {len(checked[name])}; they must be as many"
                    )
        checked |= _texts(path, arrays, part, len(x))
    _same_samples(path, checked["x_train"], checked["x_test"])
    _classes(path, checked["y_train"], checked["y_test"], class_names)
    _subgroups(path, checked, subgroup_names)
    return checked


def _wanted(path, found: list[str]) -> list[str]:
    missing = [name for name in REQUIRED if name not in found]
    if set(SPARSE) <= set(found):
        raise ValueError(
            f"{path} holds a single sparse matrix of SciPy; put it into a folder as x_train.npz, beside x_test.npz, "
            "y_train.npy and y_test.npy (numpy.save), and give the folder as path"
        )
    if missing:
        raise ValueError(
            f"{path} has no array {', '.join(missing)}; needed are {', '.join(REQUIRED)}, "
            f"found {', '.join(sorted(found)) or 'nothing'}"
        )
    texts = [f"{kind}_{part}" for kind in TEXTS for part in ("train", "test")]
    return [*REQUIRED, *(name for name in (*OPTIONAL, *texts) if name in found)]


def _objects(path, name: str) -> str:
    return (
        f"{path}: {name} holds Python objects or texts, which are never loaded; store numbers in an array whose rows "
        "have one length (labels, ids and items may be texts, y.astype(str); a sparse matrix goes into a file of its "
        "own by scipy.sparse.save_npz, in a folder with the other arrays)"
    )


def _samples(path, name: str, x: np.ndarray) -> np.ndarray:
    if x.dtype.kind not in "biuf":
        raise ValueError(f"{path}: {name} has dtype {x.dtype}; integers or floating-point numbers are expected")
    if x.ndim < 2 or 0 in x.shape:
        raise ValueError(f"{path}: {name} has shape {x.shape}; expected is (points, ...) with one axis or more a point")
    if x.dtype.kind == "f":
        for start in range(0, len(x), ROWS):
            finite = np.isfinite(x[start : start + ROWS]).reshape(len(x[start : start + ROWS]), -1).all(axis=1)
            if not finite.all():
                row = start + int(np.argmin(finite))
                raise ValueError(f"{path}: {name} holds NaN or infinity, first in row {row}; remove or replace it")
    return x.astype(np.uint8) if x.dtype.kind == "b" else x


def _texts(path, arrays: dict[str, np.ndarray], part: str, count: int) -> dict[str, np.ndarray]:
    """Names of samples and what to show for them, (n,) texts, where the source has them; of both parts or of none."""
    found = {}
    for name in (f"{kind}_{part}" for kind in TEXTS):
        other = name.replace("_test", "_train") if part == "test" else name.replace("_train", "_test")
        if name not in arrays:
            continue
        if other not in arrays:
            raise ValueError(f"{path} has an array {name} and no {other}; give both, or leave both out")
        if arrays[name].shape != (count,):
            raise ValueError(f"{path}: {name} has shape {arrays[name].shape}; expected is ({count},), a text a point")
        # objects: of fixed width a longer text of the other part would be cut
        stored = arrays[name]
        found[name] = stored if stored.dtype.kind == "O" else labels.texts(stored).astype(object)
    return found


def _numbers(path, name: str, y: np.ndarray) -> np.ndarray:
    """(n,) int64 from (n,) or (n, 1) whole numbers."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise ValueError(
            f"{path}: {name} has shape {y.shape}; expected is (n,) or (n, 1), a number a point (argmax undoes one-hot)"
        )
    if y.dtype.kind not in "biuf" or (y.dtype.kind == "f" and not (np.isfinite(y) & (y == np.round(y))).all()):
        raise ValueError(
            f"{path}: {name} has dtype {y.dtype} and values that are no whole numbers; expected are 0, 1, ..."
        )
    if len(y) and y.min() < 0:
        raise ValueError(f"{path}: {name} holds {y.min()}; expected are numbers from 0 on")
    return y.astype(np.int64)


def _same_samples(path, train: np.ndarray, test: np.ndarray) -> None:
    if train.shape[1:] != test.shape[1:]:
        raise ValueError(
            f"{path}: a point of x_train has shape {train.shape[1:]} and of x_test {test.shape[1:]}; they must agree"
        )
    if train.dtype != test.dtype:
        raise ValueError(
            f"{path}: x_train has dtype {train.dtype} and x_test {test.dtype}; they must agree, in their scale too"
        )


def _classes(path, y_train: np.ndarray, y_test: np.ndarray, class_names: list[str]) -> None:
    """Labels 0 to C - 1, each of them in the training set."""
    highest = len(class_names) - 1 if class_names else int(y_train.max())
    source = "class_names has" if class_names else "y_train has"
    for name, y in (("y_train", y_train), ("y_test", y_test)):
        if y.max() > highest:
            raise ValueError(
                f"{path}: {name} holds label {y.max()}, but {source} classes 0 to {highest} only; number them from 0 on"
            )
    if highest == 0:
        raise ValueError(f"{path}: y_train holds one class only; two or more are needed")
    present = np.unique(y_train)
    if len(present) <= highest:
        absent = int(np.argmin(np.append(present == np.arange(len(present)), False)))
        raise ValueError(f"{path}: y_train holds no point of class {absent}; labels must be 0 to {highest}, each used")


def _subgroups(path, arrays: dict[str, np.ndarray], subgroup_names: list[str]) -> None:
    if "subgroup_train" in arrays and not subgroup_names:
        raise ValueError(f"{path} has an array subgroup_train; give the names of its subgroups as subgroup_names")
    if subgroup_names and "subgroup_train" not in arrays:
        raise ValueError(f"{path} has no array subgroup_train for the settings' subgroup_names; add it, or drop them")
    for name in OPTIONAL:
        if name in arrays and arrays[name].max() >= len(subgroup_names):
            raise ValueError(
                f"{path}: {name} holds {arrays[name].max()}, but subgroup_names has {len(subgroup_names)} names; "
                "number subgroups from 0 on"
            )
