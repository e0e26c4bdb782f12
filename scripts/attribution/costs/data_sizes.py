"""Sizes of a data set before it is made: from its settings or, for one's own file, its header. No TensorFlow."""

import ast
import math
import os
import struct
import zipfile

import numpy as np

from attribution.costs import stored_sizes
from attribution.files import csv_header, image_names
from attribution.settings import datasets

# what labels and inputs of the training set are called, the last where the file is of a network's last layer
LABELS, INPUTS = ("y", "labels"), ("x", "features")


def of_data(dataset: dict) -> dict:
    """Numbers of points, shape and bytes of a sample, from settings or, for one's own file, its header.

    Returns:
        `n` training points, without those held out, and `m` test points, `shape` (of one sample), `classes`,
        `sample_bytes`, `source_bytes` (whole source, where it is larger than what is taken of it).
    """
    if dataset["loader"] == "toy":
        n, m = (sum(disc[part] for disc in dataset["discs"]) for part in ("train", "test"))
        return _data(n, m, (2,), len(dataset["class_names"]), 8, 0)
    chosen = datasets.complete(dataset)
    if dataset["loader"] == "cifar10":
        count = len(chosen["class_names"] if chosen["classes"] == "all" else chosen["classes"])
        (n, m), shape, itemsize = (datasets.CIFAR10_TRAIN * count, datasets.CIFAR10_TEST * count), (32, 32, 3), 1
        source = 60_000 * 3072
    else:
        n, m, shape, itemsize = _source(chosen)
        count = len(chosen["class_names"]) or 10
        source = (n + m) * math.prod(shape) * itemsize
    n = n if chosen["points"] == "all" else chosen["points"]
    # as scikit-learn rounds
    n -= math.ceil(chosen["validation_split"] * n)
    m = m if chosen["test_points"] == "all" else chosen["test_points"]
    return _data(n, m, shape, len(chosen["superclasses"]) or count, itemsize, source)


def rows(dataset: dict) -> tuple[int, int]:
    """Training and test rows of the source, before a variant takes some of them; 0 where nothing says."""
    if dataset["loader"] == "toy":
        size = of_data(dataset)
        return size["n"], size["m"]
    if dataset["loader"] == "cifar10":
        classes = len(datasets.CIFAR10_CLASSES)
        return datasets.CIFAR10_TRAIN * classes, datasets.CIFAR10_TEST * classes
    return _source(datasets.complete(dataset))[:2]


def per_class(dataset: dict) -> list[int] | None:
    """Training points of each class of one's own file, whose labels alone are read; None where nothing says.

    Of a variant (a subset, superclasses, flipped labels) only the prepared data says.
    """
    chosen = datasets.complete(dataset)
    changed = any(chosen.get(key) != value for key, value in datasets.DEFAULTS.items() if key != "seed")
    if dataset["loader"] not in ("npz", "h5") or changed:
        return None
    try:
        if os.path.isdir(dataset["path"]):
            y = stored_sizes.labels(dataset["path"])
        elif dataset["loader"] == "npz":
            with np.load(dataset["path"], allow_pickle=False) as file:
                y = file[_first(file, LABELS, "_train")]
        else:
            import h5py

            with h5py.File(dataset["path"]) as file:
                y = file[_first(file, LABELS, "_train")][()]
        # what is no label is told where the file is read as a whole
        return np.bincount(y.reshape(-1).astype(np.int64)).tolist() if y.dtype.kind in "iu" else None
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile):
        return None


def has_text_labels(dataset: dict) -> bool:
    """Whether labels are texts in one's own file, by which it names its classes; they are where nothing says."""
    if dataset["loader"] not in ("npz", "h5"):
        return dataset["loader"] in datasets.WITHOUT_TEST
    path = dataset["path"]
    try:
        if dataset["loader"] == "h5":
            import h5py

            with h5py.File(path) as file:
                kind = file[_first(file, LABELS, "_train")].dtype.kind
        elif os.path.isdir(path):
            kind = stored_sizes.labels(path).dtype.kind
        else:
            with zipfile.ZipFile(path) as archive:
                name = _first(archive.namelist(), LABELS, "_train.npy")
                kind = np.dtype(_npy_header(archive, name)["descr"]).kind
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile):
        return True
    return kind not in "biuf"


def _data(n: int, m: int, shape: tuple, classes: int, itemsize: int, source: int) -> dict:
    found = {"n": n, "m": m, "shape": tuple(shape), "classes": classes, "sample_bytes": math.prod(shape) * itemsize}
    return found | {"source_bytes": max(source, (n + m) * found["sample_bytes"])}


def _source(dataset: dict) -> tuple[int, int, tuple, int]:
    """n, m, shape and item size of one's own data; zeros where a file is missing, which is `existing`'s to report."""
    if dataset["loader"] not in datasets.WITHOUT_TEST:
        return _header(dataset.get("path", ""), dataset["loader"])
    look = _tables if dataset["loader"] == "table" else _images
    try:
        n, m, shape, itemsize = look(dataset["path"], dataset["test"], dataset)
    except (OSError, ValueError, IndexError):
        return 0, 0, (1,), 1
    if m is None:
        m = math.ceil(dataset["test"] * n)
        n -= m
    return n, m, shape, itemsize


def _tables(path: str, test, dataset: dict) -> tuple[int, int | None, tuple, int]:
    """As `_source`, m None where the test set is a share of n."""
    n, shape, itemsize = of_table(path, dataset)
    return n, of_table(test, dataset)[0] if isinstance(test, str) else None, shape, itemsize


def of_table(path: str, dataset: dict) -> tuple[int, tuple, int]:
    """Rows of a table, and its columns without label and id; those of texts become more, which nobody knows yet."""
    if path.casefold().endswith(".parquet"):
        names, rows = _parquet(path)
    else:
        names, _ = csv_header.read(path)
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = sum(1 for line in file if line.strip()) - 1
    kept = (dataset["label"], dataset.get("id"), *dataset.get("categories", []))
    others = [name for name in csv_header.of_index(names) if name not in kept]
    return max(rows, 0), (max(1, len(names) - len(others) - 1 - ("id" in dataset)),), 8


def _parquet(path: str) -> tuple[list[str], int]:
    """Names of columns and number of rows at a Parquet file's end; what cannot be read is the loader's to report."""
    try:
        import fastparquet

        file = fastparquet.ParquetFile(path)
        index = file.pandas_metadata.get("index_columns", [])
        return [name for name in file.columns if name not in index], file.count()
    except Exception as error:
        raise ValueError(str(error)) from None


def _images(path: str, test, dataset: dict) -> tuple[int, int | None, tuple, int]:
    """The same of a folder of images, the shape being that of one of them."""
    first, second, _ = image_names.parts(path, test)
    found = image_names.listed(first)[0]
    m = None if second is None else len(image_names.listed(second)[0])
    from PIL import Image

    with Image.open(first / found[0]) as image:
        (width, height), mode = image.size, image.mode
    height, width = dataset.get("size", (height, width))
    wide = mode in image_names.WIDE
    return len(found), m, (height, width) if wide or mode in image_names.GREY else (height, width, 3), 1 + wide


def of_factors(path: str, outputs: int) -> dict:
    """Sizes of a last layer whose features are given, as `sizes.sizes`; of one feature where the file cannot be read.

    Args:
        path: see `influence.factors_file`. outputs: logits.
    """
    _, _, shape, itemsize = _header(path, "npz" if path.endswith(".npz") else "h5", ("features",))
    width = math.prod(shape)
    found = {"parameters": (width + 1) * outputs, "activations": width, "flops": 2 * width * outputs}
    return found | {"features": width, "places": 0, "feature_bytes": width * itemsize}


def _header(path: str, loader: str, called: tuple = INPUTS) -> tuple[int, int, tuple, int]:
    """n, m, shape and item size of one's own arrays, without reading them; a missing file is `existing`'s to report.

    Args:
        called: what the arrays are called, the first name that the file has.
    """
    try:
        if os.path.isdir(path):
            train, test, itemsize = stored_sizes.of_folder(path)
        elif loader == "npz":
            with zipfile.ZipFile(path) as archive:
                name = _first(archive.namelist(), called, "_train.npy")
                if name in archive.namelist():
                    pair = (name, name.replace("_train", "_test"))
                    (train, itemsize), (test, _) = (_npy_shape(archive, file) for file in pair)
                else:
                    train, test, itemsize = stored_sizes.of_parts(archive)
        else:
            import h5py

            with h5py.File(path) as file:
                name = _first(file, called, "_train")
                train, test = (file[one].shape for one in (name, name.replace("_train", "_test")))
                itemsize = file[name].dtype.itemsize
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return 0, 0, (1,), 1
    # a sparse matrix or another object has no shape; the loader says so
    return (train[0], test[0], train[1:], itemsize) if train and test else (0, 0, (1,), 1)


def _first(found, called: tuple, ending: str) -> str:
    """The first of these names, with the ending, that is found, else the first of all."""
    return next((f"{name}{ending}" for name in called if f"{name}{ending}" in found), f"{called[0]}{ending}")


def _npy_shape(archive: zipfile.ZipFile, name: str) -> tuple[tuple, int]:
    """Shape and item size of an npy file."""
    header = _npy_header(archive, name)
    return header["shape"], int("".join(filter(str.isdigit, header["descr"])) or 1)


def _npy_header(archive: zipfile.ZipFile, name: str) -> dict:
    """The header of an npy file: magic, version, length, a Python dict."""
    with archive.open(name) as file:
        version = file.read(8)[6]
        length = struct.unpack("<H", file.read(2))[0] if version == 1 else struct.unpack("<I", file.read(4))[0]
        return ast.literal_eval(file.read(length).decode())
