"""Labels of one's own data as numbers: of texts, Booleans and one-hot rows, with the names of the numbers."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from attribution.files import as_texts

PARTS = ("y_train", "y_test")


def numbered(
    path, arrays: dict[str, np.ndarray], class_names: list[str], called: Mapping[str, str] = MappingProxyType({})
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The arrays with labels as numbers, and what the numbers stand for.

    Texts get their place among `class_names` or, where these are empty, among the sorted texts of the training set;
    False is 0 and True 1; a one-hot row is the number of its column. Numbers stay, for `arrays.check`.

    Args:
        path: for messages. arrays: with y_train and y_test. class_names: as in the settings, or empty. called: names in
            the file of arrays that are called otherwise there, for messages.

    Returns:
        the arrays, and names by number: `class_names`, or those that texts and Booleans give, else none.

    Raises:
        ValueError: one sentence, for a text that is no class.
    """
    found = {name: _plain(arrays[name]) for name in PARTS}
    names = list(class_names)
    if all(y.dtype.kind == "U" for y in found.values()):
        names = names or np.unique(found["y_train"]).tolist()
        source = "class_names has" if class_names else f"{called.get('y_train', 'y_train')} has"
        found = {name: _places(path, called.get(name, name), y, names, source) for name, y in found.items()}
    elif all(y.dtype.kind == "b" for y in found.values()):
        names = names or ["False", "True"]
        found = {name: y.astype(np.int64) for name, y in found.items()}
    elif all(_is_one_hot(y) for y in found.values()):
        found = {name: y.argmax(axis=1) for name, y in found.items()}
    return arrays | found, names


def _plain(y: np.ndarray) -> np.ndarray:
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    return as_texts.of_array(y) if y.dtype.kind == "S" else y


def _places(path, name: str, y: np.ndarray, names: list[str], source: str) -> np.ndarray:
    place = {text: number for number, text in enumerate(names)}
    unknown = [text for text in np.unique(y).tolist() if text not in place]
    if unknown:
        raise ValueError(f"{path}: {name} holds the label '{unknown[0]}', but {source} {', '.join(names)} only")
    return np.array([place[text] for text in y.tolist()], dtype=np.int64)


def _is_one_hot(y: np.ndarray) -> bool:
    if y.ndim != 2 or y.dtype.kind not in "biuf":
        return False
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())
