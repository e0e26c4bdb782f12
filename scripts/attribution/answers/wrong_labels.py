"""Which labels are wrong where that is known: those that were flipped, and those that people gave otherwise."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from attribution.data import own_rows
from attribution.files import hdf5, unreadable
from attribution.files.results.data import FLIPPED_TRAIN, ORIGINAL_Y_TRAIN, ROWS_TRAIN, Y_TRAIN

HUMAN = "human"
COLUMNS = ["train_index", "label", "human_label"]


class Known(NamedTuple):
    """`points` (p,) int64, training indices of the labels that the truth says something of; `wrong` (p,) bool."""

    points: np.ndarray
    wrong: np.ndarray


def of(data: str, human: str | None, class_names: list[str]) -> dict[str, Known]:
    """What is known of the labels of data.h5, by the name of the truth: `flipped-10` for 10 %, `human`.

    Args:
        data: data.h5. human: CSV file of what people said, see `read`, or None. class_names: of the source, by number;
            where empty those of data.h5.

    Raises:
        ValueError: one sentence, when nothing is known, all labels or none are wrong, or as `read`.
    """
    found = {}
    with hdf5.file(data) as file:
        flipped = file[FLIPPED_TRAIN][()] if FLIPPED_TRAIN in file else None
    if flipped is not None:
        found[f"flipped-{round(100 * flipped.mean())}"] = Known(np.arange(len(flipped)), flipped)
    if human:
        found[HUMAN] = _of_people(data, human, class_names, flipped)
    if not found:
        raise ValueError(
            f"{data} has no flipped labels and its study no human_labels, so nothing says which score finds wrong "
            "labels; for the most suspicious labels of your data ask for suspicious.csv of the run, or set `flipped` "
            "above 0 in a copy of the data set"
        )
    for truth, known in found.items():
        if not 0 < known.wrong.sum() < len(known.wrong):
            raise ValueError(
                f"{data}: by truth '{truth}' {known.wrong.sum()} of {len(known.wrong)} labels are wrong; scores are "
                "told apart where some are and some are not"
            )
    return found


def read(path: str, class_names: list[str], count: int) -> pd.DataFrame:
    """What people said of training rows: `train_index` int64, `label` and `human_label`, names of classes.

    Args:
        path: CSV file with these columns, labels as names of classes or their numbers from 0. class_names: of the
            source, by number. count: of its training rows.

    Raises:
        ValueError: one sentence with the file and, where it is about one, the line.
    """
    unreadable.require(path)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path} is no CSV file in UTF-8 ({error}); save it as one") from None
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise ValueError(
            f"{path} has no column {missing[0]}; human_labels needs {', '.join(COLUMNS)}, found {', '.join(table)}"
        )
    rows = table["train_index"].map(lambda text: int(text) if text.isdecimal() else -1).to_numpy(dtype=np.int64)
    _none(path, (rows < 0) | (rows >= count), table["train_index"], f"train_index; allowed are 0 to {count - 1}")
    _none(path, pd.Series(rows).duplicated().to_numpy(), table["train_index"], "train_index for the second time")
    found = {"train_index": rows}
    for column in COLUMNS[1:]:
        named = table[column].map(lambda text: _name(text, class_names))
        _none(path, named.isna().to_numpy(), table[column], f"{column}, and classes are {', '.join(class_names)}")
        found[column] = named.to_numpy()
    return pd.DataFrame(found)


def _name(text: str, class_names: list[str]) -> str | None:
    if text in class_names:
        return text
    return class_names[int(text)] if text.isdecimal() and int(text) < len(class_names) else None


def _none(path: str, wrong: np.ndarray, texts: pd.Series, message: str) -> None:
    if wrong.any():
        line = int(np.argmax(wrong))
        raise ValueError(f"{path}, line {line + 2}, has '{texts[line]}' as {message}")


def _of_people(data: str, path: str, class_names: list[str], flipped: np.ndarray | None) -> Known:
    """Labels that people gave otherwise are wrong.

    Where the file also has rows whose label people confirmed, only its rows are judged; else every point is, and those
    that the file does not name count as right, whether anybody looked at them or not. Flipped points are left out, as
    it is known that their labels are wrong.

    Args:
        data, class_names: as `of`. path: CSV file. flipped: (n,) bool, or None.
    """
    rows, facts = own_rows.of(data, "train").rows, hdf5.attributes(data)
    names = np.array(facts["class_names"], dtype=object)
    (numbers,) = hdf5.read(data, Y_TRAIN if flipped is None else ORIGINAL_Y_TRAIN)
    table = read(path, class_names or list(names), int(facts.get(ROWS_TRAIN, len(rows))))
    here = table[table["train_index"].isin(rows)]
    points = pd.Series(np.arange(len(rows)), index=rows)[here["train_index"]].to_numpy()
    other = names[numbers[points]] != here["label"].to_numpy()
    if other.any():
        first = int(np.argmax(other))
        raise ValueError(
            f"{path} says that training row {here['train_index'].iloc[first]} has label "
            f"'{here['label'].iloc[first]}', and the data set that it has '{names[numbers[points[first]]]}'; its rows "
            "must be those of this data set's source, with classes that are not merged"
        )
    wrong = np.zeros(len(rows), dtype=bool)
    wrong[points] = (here["label"] != here["human_label"]).to_numpy()
    confirmed = bool((table["label"] == table["human_label"]).any())
    named = np.isin(np.arange(len(rows)), points)
    judged = (named if confirmed else np.ones(len(rows), dtype=bool)) & (True if flipped is None else ~flipped)
    print(
        f"{path}: {len(here)} of its {len(table)} rows are in this data set; {int((wrong & judged).sum())} labels that "
        f"people gave otherwise among {int(judged.sum())}"
        + ("" if confirmed else f", of which {int((judged & ~named).sum())} that it does not name count as right")
    )
    chosen = np.flatnonzero(judged)
    return Known(chosen, wrong[chosen])
