"""Columns of a table as inputs: which are numbers is decided by the training rows, and every cell must be one then."""

import re

import numpy as np
import pandas as pd

from attribution.files import as_texts

MISSING = "missing"  # category of a text that is not there
# what stands for a number that is not there, beside an empty cell and the words that pandas knows
DASHES = ("-", "--", "?", ".")
COMMA = re.compile(r"[+-]?\d+,\d+")
# the same may be a number in thousands
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
# numbers with a unit, or with separators
LIKE_A_NUMBER = re.compile(r"[$€£]?\s?[+-]?\d[\d.,'\u00a0 ]*\s?[%$€£]?")
# different texts of a column, and as a share of the training rows, from which on it is said how many there are
MANY, MOST = 20, 0.5
TO_WRITE = (
    "write a number or leave the cell empty, or name the column in categories of the data set (`make new`: CATEGORIES)"
)


def encoded(
    paths: tuple[str, str], train: pd.DataFrame, test: pd.DataFrame, categories: list[str], limit: float
) -> tuple[np.ndarray, np.ndarray, list[str], dict, list[str]]:
    """Inputs of both parts.

    Args:
        paths: of the files of both parts, for messages. train, test: columns of the same names, of numbers, Booleans
            or texts; the index is the row in its file. categories: columns that are texts whatever they hold. limit:
            gigabytes of the inputs.

    Returns:
        (n, D) and (m, D) float64; names of the D inputs; `medians` and `values` by which they were encoded; sentences
        of what was taken for something else than it is in the file.

    Raises:
        ValueError: one sentence, with the column, the row and what it holds.
    """
    path, _ = paths
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder

    names, parts, encoding, notes = [], ([], []), {"medians": {}, "values": {}}, []
    for column in train.columns:
        both = train[column], test[column]
        numbers = None if column in categories else _numbers(paths, *both)
        if numbers is not None:
            *ready, said = numbers
            found = SimpleImputer(strategy="median", keep_empty_features=True)
            names.append(str(column))
        else:
            ready, said = [_texts(one) for one in both], []
            found = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        found.fit(ready[0])
        if numbers is None:
            values = found.categories_[0]
            asked = 8 * (len(train) + len(test)) * (len(names) + len(values)) / 1e9
            if asked > limit:
                raise ValueError(
                    f"{path}: column '{column}' has {len(values)} different texts, each a column of numbers, with "
                    f"which the inputs take {asked:.3g} GB, and dense_gb is {limit:g}; leave that column out, name it "
                    "as id, or raise dense_gb of the data set"
                )
            if len(values) > max(MANY, MOST * len(train)):
                said = [
                    f"{path}: column '{column}' has {len(values)} different texts in {len(train)} training rows, each "
                    "an input of its own; name it as id, or leave it out of the file, where it says who a row is"
                ]
            encoding["values"][str(column)] = values.tolist()
            names += [f"{column}={value}" for value in values]
        else:
            encoding["medians"][str(column)] = float(found.statistics_[0])
        for values, part in zip(ready, parts, strict=True):
            part.append(found.transform(values))
        notes += said
    return np.hstack(parts[0]), np.hstack(parts[1]), names, encoding, notes


def are_numbers(texts: pd.Series) -> bool:
    """Whether at least half of the texts that are there, and are no dash, are numbers, or numbers with a unit or with
    separators, and some are."""
    there = texts.mask(texts.isin(DASHES)).dropna()
    rest = _no_numbers(there)
    alike = sum(1 for text in rest if LIKE_A_NUMBER.fullmatch(text))
    return len(there) > 0 and 2 * (len(there) - len(rest) + alike) >= len(there)


def _no_numbers(texts: pd.Series) -> pd.Series:
    """Those that are there and are no number."""
    return texts[texts.notna() & pd.to_numeric(texts, errors="coerce").isna()]


def _numbers(
    paths: tuple[str, str], train: pd.Series, test: pd.Series
) -> tuple[np.ndarray, np.ndarray, list[str]] | None:
    """(n, 1) and (m, 1) float64, NaN where there is none, with sentences; None where the training rows are no numbers.

    Raises:
        ValueError: one sentence, for a text among numbers, and for infinity.
    """
    if pd.api.types.is_numeric_dtype(train) and pd.api.types.is_numeric_dtype(test):
        return *(_finite(*one) for one in zip(paths, (train, test), strict=True)), []
    path, name, said = paths[0], train.name, []
    texts = [as_texts.of_column(one).str.strip() for one in (train, test)]
    dashes = [one.isin(DASHES) for one in texts]
    texts = [one.mask(dash) for one, dash in zip(texts, dashes, strict=True)]
    if not are_numbers(texts[0]):
        return None
    rest = _no_numbers(texts[0])
    if len(rest) and all(COMMA.fullmatch(text) for text in rest):
        sure = [text for text in rest if not THOUSANDS.fullmatch(text)]
        if not sure:
            raise ValueError(
                f"{path}: column '{name}' holds '{rest.iloc[0]}' in row {rest.index[0]}, from 0, which may be a "
                "decimal comma or thousands; write numbers with a point and without thousands"
            )
        said.append(f"{path}: column '{name}' has decimal commas, {sure[0]} first; they are read as points")
        texts = [one.map(_with_point, na_action="ignore") for one in texts]
    found = []
    for file, text, column in zip(paths, texts, (train, test), strict=True):
        values = pd.to_numeric(text, errors="coerce")
        wrong = _no_numbers(text)
        if len(wrong):
            raise ValueError(
                f"{file}: column '{name}' holds numbers, by its training rows, and '{wrong.iloc[0]}' in row "
                f"{wrong.index[0]}, from 0; {TO_WRITE}"
            )
        found.append(_finite(file, values.rename(column.name)))
    if count := sum(int(dash.sum()) for dash in dashes):
        said.append(
            f"{path}: column '{name}' has {count} cells of {' or '.join(DASHES)} alone; they are missing numbers"
        )
    return *found, said


def _with_point(text: str) -> str:
    return text.replace(",", ".") if COMMA.fullmatch(text) else text


def _finite(path, values: pd.Series) -> np.ndarray:
    """(n, 1) float64; ValueError for infinity."""
    found = values.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(found)
    if infinite.any():
        row = values.index[int(np.argmax(infinite))]
        raise ValueError(f"{path}: column '{values.name}' holds infinity in row {row}, from 0; replace or remove it")
    return found[:, None]


def _texts(column: pd.Series) -> np.ndarray:
    """(n, 1) texts, MISSING where there is none."""
    texts = as_texts.of_column(column)
    return texts.where(texts.notna(), MISSING).to_numpy(dtype=object)[:, None]
