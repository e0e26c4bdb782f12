"""The two factors of every last-layer gradient from a user's file: a network of any library, known by its last layer.

What enters that layer and its weights are all that influence in it needs. Weights that the file lacks are the
least-squares solution of its logits. Keras is not needed.
"""

import os
from typing import NamedTuple

import numpy as np
from scipy import linalg

from attribution.data import arrays, labels
from attribution.files import hdf5
from attribution.files.results.data import INDEX_TEST, INDEX_TRAIN, ORIGINAL_Y_TRAIN, ROWS_TRAIN, Y_TEST, Y_TRAIN

ENDINGS = {".npz": "npz", ".h5": "h5", ".hdf5": "h5"}
PARTS = ("train", "test")
REQUIRED = ("features_train", "labels_train", "features_test", "labels_test")
# labels may stand in the file as those of the data set
LABELS = {"labels_train": "y_train", "labels_test": "y_test"}
OPTIONAL = ("weights", "bias", "logits_train", "logits_test")
# Largest difference of logits, as a share of the largest, that rounding explains: in float32 sums of thousands of
# products stay far below it, a forgotten bias or nonlinearity far above; float16 carries 11 bits.
ROUNDING, ROUNDING_HALF = 1e-3, 0.02


class Given(NamedTuple):
    """`features` (n, d) by part, of the file's dtype, in the order of data.h5; `weights` (d + 1, C) float64, the last
    row the bias, zeros where there is none; `bias`, whether there is one."""

    features: dict[str, np.ndarray]
    weights: np.ndarray
    bias: bool


def read(path: str, data: str) -> Given:
    """The factors of a file for the points of a data set, checked.

    Args:
        path: npz or HDF5 file with `features_train` (n, d), what enters the last layer in inference mode, a row for
            each training point of the data set's source in its order, and its labels `labels_train` (n,), or `y_train`;
            the same of the test set; `weights` (d, C) of the last layer and its `bias` (C,), left out where it has
            none, or `logits_train` (n, C) and `logits_test`, or both. data: data.h5.

    Raises:
        ValueError: one sentence with the file and the array.
    """
    found, names = _read(path), list(hdf5.attributes(data)["class_names"])
    features = {part: _features(path, f"features_{part}", found) for part in PARTS}
    if features["train"].shape[1] != features["test"].shape[1]:
        raise ValueError(
            f"{path}: features_train has {features['train'].shape[1]} columns and features_test "
            f"{features['test'].shape[1]}; both are what enters the last layer"
        )
    known = _labels(path, found, features, names)
    weights, bias = _last_layer(path, found, features, len(names))
    rows = _rows(path, data, features)
    _require_same_points(path, data, known, rows, names)
    return Given({part: _taken(features, rows[part]) for part in PARTS}, weights, bias)


def extended(features: np.ndarray, bias: bool) -> np.ndarray:
    """(n, d + 1) float64 features with a constant appended for the bias: 1, or 0 where the layer has none."""
    h = np.full((len(features), features.shape[1] + 1), float(bias))
    h[:, :-1] = features
    return h


def _read(path: str) -> dict[str, np.ndarray]:
    """Arrays of the file by their names here."""
    loader = ENDINGS.get(os.path.splitext(path)[1].lower())
    if loader is None:
        raise ValueError(f"{path} ends in none of {', '.join(ENDINGS)}; write the arrays with numpy.savez or h5py")

    def wanted(found: list[str]) -> list[str]:
        missing = [name for name in REQUIRED if name not in found and LABELS.get(name) not in found]
        if missing:
            raise ValueError(
                f"{path} has no array {', '.join(missing)}; needed are {', '.join(REQUIRED)}, and weights with bias or "
                f"logits_train with logits_test, found {', '.join(sorted(found)) or 'nothing'}"
            )
        required = [name if name in found else LABELS[name] for name in REQUIRED]
        return required + [name for name in OPTIONAL if name in found]

    found = arrays.READERS[loader](path, wanted, lambda name: arrays.objects(path, name))
    if "weights" not in found and not {"logits_train", "logits_test"} <= found.keys():
        raise ValueError(
            f"{path} has neither weights nor logits_train and logits_test; add weights (d, C) and bias (C,) of the "
            "last layer, of a torch.nn.Linear weight.T and bias"
        )
    return {name: found.get(name, found.get(LABELS.get(name))) for name in (*REQUIRED, *OPTIONAL)}


def _features(path: str, name: str, found: dict) -> np.ndarray:
    features = arrays.samples(path, name, found[name])
    if features.ndim != 2:
        raise ValueError(
            f"{path}: {name} has shape {features.shape}; expected is (points, d), what enters the last layer, so after "
            "pooling or flattening"
        )
    return features


def _labels(path: str, found: dict, features: dict, names: list[str]) -> dict[str, np.ndarray]:
    """(n,) int64 labels by part, numbered as the classes of the data set."""
    called = {f"y_{part}": f"labels_{part}" for part in PARTS}
    numbered, _ = labels.numbered(path, {y: found[name] for y, name in called.items()}, names, called)
    known = {part: arrays.numbers(path, f"labels_{part}", numbered[f"y_{part}"]) for part in PARTS}
    for part in PARTS:
        _require_rows(path, f"labels_{part}", known[part], part, features[part])
        if known[part].max() >= len(names):
            raise ValueError(
                f"{path}: labels_{part} holds label {known[part].max()}, but the data set has classes 0 to "
                f"{len(names) - 1} only; number them as its class_names"
            )
    return known


def _require_rows(path: str, name: str, array: np.ndarray, part: str, features: np.ndarray) -> None:
    if len(array) != len(features):
        raise ValueError(
            f"{path}: features_{part} has {len(features)} rows and {name} {len(array)}; they must be as many"
        )


def _last_layer(path: str, found: dict, features: dict, classes: int) -> tuple[np.ndarray, bool]:
    """(d + 1, C) weights, the file's or solved for, that give the file's logits; and whether there is a bias."""
    logits = {part: _logits(path, f"logits_{part}", found, part, features[part], classes) for part in PARTS}
    solved = found["weights"] is None
    if solved:
        h = extended(features["train"], True)
        weights, bias = linalg.lstsq(h, logits["train"], lapack_driver="gelsy", overwrite_a=True)[0], True
    else:
        weights, bias = _weights(path, found, features["train"].shape[1], classes)
    for part in PARTS:
        if logits[part] is None:
            continue
        if logits[part].shape[1] != weights.shape[1]:
            raise ValueError(
                f"{path}: weights has {weights.shape[1]} outputs and logits_{part} {logits[part].shape[1]}; both are "
                "of the last layer"
            )
        compared = (found[name] for name in (f"features_{part}", f"logits_{part}", "weights"))
        half = any(array is not None and array.dtype.itemsize <= 2 for array in compared)
        allowed = ROUNDING_HALF if half else ROUNDING
        differs = _difference(features[part], weights, bias, logits[part])
        if not differs <= allowed:
            what = "any weights and bias" if solved else "weights" + (" and bias" if bias else ", without a bias,")
            raise ValueError(
                f"{path}: logits_{part} is not what {what} give for features_{part}: it differs by up to "
                f"{differs:.2g} of the largest logit, more than rounding ({allowed:g}); give what enters the last "
                "layer in inference mode, and its outputs before the softmax"
                + ("" if not solved or part == "train" else ", or weights and bias themselves")
            )
    return weights, bias


def _logits(path: str, name: str, found: dict, part: str, features: np.ndarray, classes: int) -> np.ndarray | None:
    """(n, C) float64, (n, 1) for two classes with one output; None where the file has none."""
    if found[name] is None:
        return None
    given = found[name].reshape(-1, 1) if found[name].ndim == 1 else found[name]
    logits = arrays.samples(path, name, given).astype(np.float64)
    _require_rows(path, name, logits, part, features)
    _require_outputs(path, name, found[name].shape, logits.shape[1] if logits.ndim == 2 else 0, classes)
    return logits


def _weights(path: str, found: dict, width: int, classes: int) -> tuple[np.ndarray, bool]:
    given = found["weights"].reshape(-1, 1) if found["weights"].ndim == 1 else found["weights"]
    kernel = arrays.samples(path, "weights", given).astype(np.float64)
    if kernel.ndim != 2 or kernel.shape[0] != width:
        turned = kernel.ndim == 2 and kernel.shape[1] == width
        raise ValueError(
            f"{path}: weights has shape {found['weights'].shape}; expected is ({width}, {classes}), a row for each "
            f"column of features_train" + ("; give its transpose, weight.T of a torch.nn.Linear" if turned else "")
        )
    _require_outputs(path, "weights", found["weights"].shape, kernel.shape[1], classes)
    if found["bias"] is None:
        return np.vstack([kernel, np.zeros(kernel.shape[1])]), False
    bias = arrays.samples(path, "bias", found["bias"].reshape(1, -1)).astype(np.float64)
    if bias.shape[1] != kernel.shape[1]:
        raise ValueError(
            f"{path}: bias has shape {found['bias'].shape}; expected is ({kernel.shape[1]},), as weights has so many "
            "columns"
        )
    return np.vstack([kernel, bias]), True


def _require_outputs(path: str, name: str, shape: tuple, outputs: int, classes: int) -> None:
    if outputs != classes and not (classes == 2 and outputs == 1):
        raise ValueError(
            f"{path}: {name} has shape {shape}, but the data set has {classes} classes; expected is a column for each"
            + (", or a single one" if classes == 2 else "")
        )


def _difference(features: np.ndarray, weights: np.ndarray, bias: bool, logits: np.ndarray) -> float:
    """Largest difference of the logits from what the weights give, as a share of the largest of them."""
    worst, size = 0.0, float(np.abs(logits).max())
    for start in range(0, len(features), arrays.ROWS):
        rows = slice(start, start + arrays.ROWS)
        worst = max(worst, float(np.abs(extended(features[rows], bias) @ weights - logits[rows]).max()))
    return worst / max(size, np.finfo(np.float32).tiny)


def _rows(path: str, data: str, features: dict) -> dict[str, np.ndarray]:
    """Row of each point of data.h5 among the training rows and, counting on after them, the test rows of the file."""
    n, m = len(features["train"]), len(features["test"])
    with hdf5.file(data) as file:
        counts = [len(file[y]) for y in (Y_TRAIN, Y_TEST)]
        source, drawn = int(file.attrs.get(ROWS_TRAIN, counts[0])), INDEX_TRAIN in file
        index = {
            "train": file[INDEX_TRAIN][()] if drawn else np.arange(counts[0]),
            "test": file[INDEX_TEST][()] if drawn else counts[0] + np.arange(counts[1]),
        }
    if n != source:
        raise ValueError(
            f"{path}: features_train has {n} rows, but the source of the data set has {source} training points; give a "
            "row for each, in its order"
        )
    last = max(int(index[part].max()) for part in PARTS)
    if last >= n + m:
        raise ValueError(
            f"{path}: features_test has {m} rows, but the data set takes test point {last - n} of its source, counted "
            "from 0; give a row for each, in its order"
        )
    return index


def _require_same_points(path: str, data: str, known: dict, rows: dict, names: list[str]) -> None:
    """Raise unless the file's labels are the data set's, before any are flipped: rows might be mixed up."""
    with hdf5.file(data) as file:
        theirs = {
            "train": file[ORIGINAL_Y_TRAIN if ORIGINAL_Y_TRAIN in file else Y_TRAIN][()],
            "test": file[Y_TEST][()],
        }
    whole = np.concatenate([known[part] for part in PARTS])
    for part in PARTS:
        other = np.flatnonzero(whole[rows[part]] != theirs[part])
        if not len(other):
            continue
        point = other[np.argmin(rows[part][other])]
        row = int(rows[part][point])
        of, row = ("train", row) if row < len(known["train"]) else ("test", row - len(known["train"]))
        raise ValueError(
            f"{path}: labels_{of} differs from the labels of the data set in {len(other)} of {len(theirs[part])} "
            f"points, first in row {row}, '{names[known[of][row]]}' and not '{names[theirs[part][point]]}'; rows must "
            "be in the order of the data set and classes numbered as its class_names"
        )


def _taken(features: dict, rows: np.ndarray) -> np.ndarray:
    """Rows of the training features and, counting on after them, of the test features."""
    n = len(features["train"])
    if (rows < n).all():
        return features["train"][rows]
    if (rows >= n).all():
        return features["test"][rows - n]
    found = features["train"][np.where(rows < n, rows, 0)]
    found[rows >= n] = features["test"][rows[rows >= n] - n]
    return found
