"""One's own arrays as a folder with a file for each: x_train.npy or x_train.npz, y_train.npy and so on."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from attribution.data.stored import sparse
from attribution.files import unreadable

# of numpy.save, of scipy.sparse.save_npz, and a list of texts or numbers
ENDINGS = (".npy", ".npz", ".json")


def is_one(path) -> bool:
    """Whether a folder holds arrays, and no images."""
    return bool({"x_train", "y_train"} & files(path).keys())


def files(path) -> dict[str, Path]:
    """The file of each array in a folder, by name; none where there is no folder.

    Raises:
        ValueError: where a folder may not be read; one sentence.
    """
    # unlike Path.is_dir false where permission is missing, which is told of the file
    if not os.path.isdir(path):
        return {}
    with unreadable.explained(path):
        return {one.stem: one for one in sorted(Path(path).iterdir()) if one.suffix in ENDINGS and one.is_file()}


def read(path, wanted: Callable[[list[str]], list[str]], objects: Callable[[str], str]) -> dict:
    """Arrays of a folder.

    Args:
        path: the folder. wanted: names that it holds -> names to read; may raise.
        objects: name -> sentence for an array of Python objects.

    Returns:
        arrays by name, of a .npz file SciPy's sparse matrix; texts of a list are objects where they may be long.

    Raises:
        ValueError: one sentence.
    """
    found = files(path)
    return {name: _array(found[name], name, objects) for name in wanted(list(found))}


def _array(path: Path, name: str, objects: Callable[[str], str]):
    unreadable.require(path)
    if path.suffix == ".npz":
        return sparse.load(path)
    if path.suffix == ".json":
        return _listed(path, name)
    try:
        with unreadable.explained(path):
            return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        if "allow_pickle" in str(error) or "Object arrays" in str(error):
            raise ValueError(objects(name)) from None
        said = " ".join(str(error).split())
        raise ValueError(f"{path} is no array of NumPy, or damaged ({said}); write it with numpy.save") from None


def _listed(path: Path, name: str) -> np.ndarray:
    try:
        with unreadable.explained(path):
            found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON in UTF-8 ({' '.join(str(error).split())}); write it again") from None
    if not isinstance(found, list) or not {type(one) for one in found} <= {str, int, bool, float}:
        raise ValueError(f"{path} is no list of texts or numbers; expected is one, an entry a point")
    # of fixed width all texts would take as much as the longest
    return np.array(found, dtype=object if name.startswith("items_") else None)
