"""Points of data.h5, which is shuffled and may be a subset, as the user knows them: by row, id and what to show."""

from collections import Counter
from types import MappingProxyType
from typing import NamedTuple

import h5py
import numpy as np

from attribution.files import hdf5
from attribution.files.results.data import ID, INDEX, ITEMS, ROWS_TRAIN

PARTS = ("train", "test")
TWICE = -1
# what names of each kind are, for messages
KINDS = MappingProxyType({
    "row": "rows count from 0 in your own training array, of which a variant may take a part",
    "id": "ids are those of suspicious.csv",
})  # fmt: skip


class Own(NamedTuple):
    """`rows` (n,) int64, row from 0 in the user's own array of that part, or in the official order of the source; a
    test image that was put into the training set counts on after the source's training rows. `ids` (n,) texts, empty
    where the data have none."""

    rows: np.ndarray
    ids: np.ndarray


def of(path: str, part: str) -> Own:
    """Rows and ids of the points of data.h5.

    Data that are drawn and not read have no other order: their rows are those of data.h5.

    Args:
        path: data.h5. part: one of PARTS.

    Raises:
        ValueError: when the file does not say how many training rows its source has.
    """
    with hdf5.file(path) as file:
        count, index = len(file[f"y_{part}"]), f"{INDEX}_{part}"
        rows = file[index][()] if index in file else np.arange(count)
        if part == "test" and index in file:
            if ROWS_TRAIN not in file.attrs:
                raise ValueError(f"{path} does not say how many training rows its source has; delete it and run again")
            rows = rows - int(file.attrs[ROWS_TRAIN])
        ids = _texts(file, f"{ID}_{part}")
    return Own(rows, np.full(count, "", dtype=object) if ids is None else ids)


def places(own: Own) -> dict[str, dict[int | str, int]]:
    """Kind, of KINDS -> row, or id as a text -> index of the point that has it; TWICE where a test point that was put
    into the training set has the id of another."""
    known = {"row": own.rows.tolist(), "id": own.ids.tolist()}
    found = {kind: {name: index for index, name in enumerate(names) if name != ""} for kind, names in known.items()}
    counts = Counter(known["id"])
    return found | {"id": {name: TWICE if counts[name] > 1 else index for name, index in found["id"].items()}}


def index(known: dict[str, dict[int | str, int]], kind: str, name: int | str, where: str) -> int:
    """Training index of a point by its row or id.

    Args:
        known: of `places`. kind: one of KINDS. where: what names the point, for the message.

    Raises:
        ValueError: one sentence with the name, for one that no training point has, or more than one.
    """
    if name not in known[kind]:
        raise ValueError(f"{where} names {kind} {name}, which no training point has; {KINDS[kind]}")
    if known[kind][name] == TWICE:
        raise ValueError(
            f"{where} names id {name}, which a training point has and a test point that was put beside it; name the "
            "one that is meant by its row"
        )
    return known[kind][name]


def items(path: str, part: str) -> np.ndarray | None:
    """(n,) texts or names to show for the points of a part; None where the data have none."""
    with hdf5.file(path) as file:
        return _texts(file, f"{ITEMS}_{part}")


def _texts(file: h5py.File, name: str) -> np.ndarray | None:
    if name not in file:
        return None
    found = file[name]
    return found.asstr()[()].astype(object) if h5py.check_string_dtype(found.dtype) else found[()].astype(str)
