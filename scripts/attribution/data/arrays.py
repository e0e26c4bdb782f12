"""One's own data: four arrays, by Keras's names, from a file or a folder, checked before anything is computed."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np

from attribution.data.stored import array_folders, hdf5_arrays, npz_arrays, sparse
from attribution.files import as_texts
from attribution.settings import datasets

REQUIRED = ("x_train", "y_train", "x_test", "y_test")
# of a network's last layer, see `influence.factors_file`: what stands for x and y in a file that has none
FACTORS = MappingProxyType(
    {"x_train": "features_train", "y_train": "labels_train", "x_test": "features_test", "y_test": "labels_test"}
)
OPTIONAL = ("subgroup_train", "subgroup_test")
# of each part: names of samples, and texts to show for them
TEXTS = ("id", "items")
SPARSE = ("format", "indices", "indptr", "data")  # arrays of scipy.sparse.save_npz
ROWS = 4096  # samples looked at in one go
READERS = MappingProxyType({"npz": npz_arrays.read, "h5": hdf5_arrays.read})


def read(path, loader: str, dense_gb: float = datasets.DENSE_GB) -> dict[str, np.ndarray]:
    """The arrays of a file, as they are, sparse ones as dense float32.

    Args:
        path: the file. loader: `npz` (numpy.savez, or a folder, see `array_folders`) or `h5` (HDF5, arrays at its
            root). dense_gb: gigabytes that sparse ones may take, see `stored.sparse`.

    Returns:
        x_train, y_train, x_test, y_test, each under its name in FACTORS where the file has only that; subgroup_train,
        id_train, items_train and those of the test set where the file has them.

    Raises:
        ValueError: one sentence with the file and, where it is about one, the array: locked, without permission, away,
            damaged, of another or newer kind, compressed by what is not installed, linked to nothing, missing, objects,
            sparse and too large.
    """
    found = _reader(path, loader)(path, sparse.with_parts(partial(_wanted, path)), partial(objects, path))
    return sparse.dense(path, sparse.joined(path, found), dense_gb)


def subgroups(path, loader: str) -> np.ndarray | None:
    """(n,) int64 subgroup of each training point, of a file or folder as in `read`; None where it has none.

    Raises:
        ValueError: as `read`, and for what are no whole numbers from 0 on.
    """
    name = OPTIONAL[0]
    found = _reader(path, loader)(path, lambda names: [name] if name in names else [], partial(objects, path))
    return numbers(path, name, found[name]) if found else None


def _reader(path, loader: str) -> Callable:
    return array_folders.read if loader == "npz" and array_folders.files(path) else READERS[loader]


def named(arrays: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays as x and y, and the names in the file of those that are called otherwise there."""
    called = {name: other for name, other in FACTORS.items() if name not in arrays and other in arrays}
    renamed = {other: name for name, other in called.items()}
    return {renamed.get(name, name): array for name, array in arrays.items()}, called


def check(
    path,
    arrays: dict[str, np.ndarray],
    class_names: list[str],
    subgroup_names: list[str],
    called: Mapping[str, str] = MappingProxyType({}),
) -> dict:
    """Bring labels to (n,) int64 and check everything that later stages rely on.

    Args:
        path: for messages. arrays: see `read`, with x and y. class_names, subgroup_names: as in the settings, or empty.
        called: names in the file of arrays that are called otherwise there, for messages.

    Returns:
        the arrays; x keep their dtype, except that bool becomes uint8.

    Raises:
        ValueError: one sentence with the array, what was found and what is expected.
    """
    checked, said = {}, {name: called.get(name, name) for name in REQUIRED}
    for part in ("train", "test"):
        x = samples(path, said[f"x_{part}"], arrays[f"x_{part}"])
        checked[f"x_{part}"] = x
        for name in (f"y_{part}", f"subgroup_{part}"):
            if name in arrays:
                checked[name] = numbers(path, said.get(name, name), arrays[name])
                if len(checked[name]) != len(x):
                    raise ValueError(
                        f"{path}: {said[f'x_{part}']} has {len(x)} rows and {said.get(name, name)} "
                        f"{len(checked[name])}; they must be as many"
                    )
        checked |= _texts(path, arrays, part, len(x))
    _same_samples(path, checked, said)
    _classes(path, checked, said, class_names)
    _subgroups(path, checked, subgroup_names)
    return checked


def _wanted(path, found: list[str]) -> list[str]:
    missing = [name for name in REQUIRED if name not in found and FACTORS[name] not in found]
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
    required = [name if name in found else FACTORS[name] for name in REQUIRED]
    return [*required, *(name for name in (*OPTIONAL, *texts) if name in found)]


def objects(path, name: str) -> str:
    """The sentence for an array of Python objects."""
    return (
        f"{path}: {name} holds Python objects or texts, which are never loaded; store numbers in an array whose rows "
        "have one length (labels, ids and items may be texts, y.astype(str); a sparse matrix goes into a file of its "
        "own by scipy.sparse.save_npz, in a folder with the other arrays)"
    )


def samples(path, name: str, x: np.ndarray) -> np.ndarray:
    """(n, ...) numbers, all finite, Booleans as uint8; ValueError with the array's name for anything else."""
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
        if stored.dtype.kind == "f" and not np.isfinite(stored).all():
            row = int(np.argmin(np.isfinite(stored)))
            raise ValueError(
                f"{path}: {name} holds NaN or infinity, first in row {row}, from 0; give a text or a number"
            )
        found[name] = stored if stored.dtype.kind == "O" else as_texts.of_array(stored).astype(object)
        if name.startswith("id_"):
            _require_ids(path, name, found[name])
    return found


def _require_ids(path, name: str, ids: np.ndarray) -> None:
    """One id a point of a part, and none twice; those of the two parts may be the same. ValueError with both rows."""
    for row, text in enumerate(ids):
        if not text.strip():
            raise ValueError(f"{path}: {name} is empty in row {row}, from 0; give each point an id, or leave ids out")
    first = {}
    for row, text in enumerate(ids):
        if text in first:
            raise ValueError(
                f"{path}: {name} has '{text}' in rows {first[text]} and {row}, from 0; give each point one of its own"
            )
        first[text] = row


def numbers(path, name: str, y: np.ndarray) -> np.ndarray:
    """(n,) int64 from (n,) or (n, 1) whole numbers; ValueError with the array's name for anything else."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise ValueError(
            f"{path}: {name} has shape {y.shape}; expected is (n,) or (n, 1), a number a point (argmax undoes one-hot)"
        )
    if y.dtype.kind not in "biuf" or (y.dtype.kind == "f" and not (np.isfinite(y) & (y == np.round(y))).all()):
        raise ValueError(
            f"{path}: {name} has dtype {y.dtype} and values that are no whole numbers; expected are 0, 1, ... "
            "(numpy.unique(texts, return_inverse=True) numbers texts)"
        )
    if len(y) and y.min() < 0:
        raise ValueError(f"{path}: {name} holds {y.min()}; expected are numbers from 0 on")
    return y.astype(np.int64)


def _same_samples(path, arrays: dict[str, np.ndarray], said: dict[str, str]) -> None:
    train, test = arrays["x_train"], arrays["x_test"]
    if train.shape[1:] != test.shape[1:]:
        raise ValueError(
            f"{path}: a point of {said['x_train']} has shape {train.shape[1:]} and of {said['x_test']} "
            f"{test.shape[1:]}; they must agree"
        )
    if train.dtype != test.dtype:
        raise ValueError(
            f"{path}: {said['x_train']} has dtype {train.dtype} and {said['x_test']} {test.dtype}; they must agree, in "
            "their scale too"
        )


def _classes(path, arrays: dict[str, np.ndarray], said: dict[str, str], class_names: list[str]) -> None:
    """Labels 0 to C - 1, each of them in the training set."""
    trained = said["y_train"]
    highest = len(class_names) - 1 if class_names else int(arrays["y_train"].max())
    source = "class_names has" if class_names else f"{trained} has"
    for name in ("y_train", "y_test"):
        if arrays[name].max() > highest:
            raise ValueError(
                f"{path}: {said[name]} holds label {arrays[name].max()}, but {source} classes 0 to {highest} only; "
                "number them from 0 on"
            )
    if highest == 0:
        raise ValueError(f"{path}: {trained} holds one class only; two or more are needed")
    present = np.unique(arrays["y_train"])
    if len(present) <= highest:
        absent = int(np.argmin(np.append(present == np.arange(len(present)), False)))
        raise ValueError(
            f"{path}: {trained} holds no point of class {absent}; labels must be 0 to {highest}, each used"
        )


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
