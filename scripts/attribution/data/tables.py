"""One's own table, CSV or Parquet: rows are points, a column is the label, the others are inputs."""

import json

import numpy as np
import pandas as pd

from attribution.data import splits
from attribution.files import unreadable

MISSING = "missing"  # category of a text that is not there
IDS = ("id", "index", "key")


def read(path: str, settings: dict) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays of a table, its columns encoded by what the training rows hold.

    Numbers stay, and where one is missing it is the column's median; a column of texts becomes a column of 0 and 1 for
    each of its values (scikit-learn's SimpleImputer and OneHotEncoder), with a missing text as a value of its own, and
    a value that no training row has as 0 in all.

    Args:
        path: of the file. settings: `label`, the column of labels; `test`, another file or a share of the rows; `id`,
            perhaps, a column that names the rows and is no input; `seed` of the split; `dense_gb`, gigabytes that the
            inputs may take.

    Returns:
        arrays: x_train (n, D) float64, y_train (n,) texts, id_train (n,) texts, the row from 0 without `id`; x_test and
        so on. facts: `columns`, names of the D inputs, and `encoding`, JSON with medians and values.

    Raises:
        ValueError: one sentence.
    """
    train = _frame(path, settings)
    if isinstance(settings["test"], str):
        test = _frame(settings["test"], settings)
        if list(test.columns) != list(train.columns):
            raise ValueError(f"{settings['test']} has other columns than {path}: {', '.join(test.columns)}")
    else:
        chosen = splits.of_test(path, train[settings["label"]].to_numpy(), settings["test"], settings["seed"])
        train, test = train[~chosen], train[chosen]
    arrays, inputs = {}, [name for name in train.columns if name not in (settings["label"], settings.get("id"))]
    if not inputs:
        raise ValueError(f"{path} has no column but the label and the id; inputs are needed too")
    for part, frame in (("train", train), ("test", test)):
        arrays[f"y_{part}"] = frame[settings["label"]].to_numpy().astype(str)
        named = frame[settings["id"]] if settings.get("id") else frame.index
        arrays[f"id_{part}"] = named.to_numpy().astype(str)
    limit = settings["dense_gb"]
    arrays["x_train"], arrays["x_test"], columns, encoding = _encoded(path, train[inputs], test[inputs], limit)
    return arrays, {"columns": columns, "encoding": json.dumps(encoding)}


def columns(path: str) -> list[str]:
    """Names of a table's columns.

    Raises:
        ValueError: one sentence, where the file cannot be read as a table.
    """
    return list(_read(path, 5).columns)


def naming(path: str, label: str) -> str | None:
    """The first column that names the rows and says nothing else: another text in every row, or another whole number
    where it is called as in IDS, ends in _id, or is the index that pandas has written; None where there is none.

    Raises:
        ValueError: as `columns`.
    """
    frame = _read(path)
    for name in [name for name in frame.columns if name != label]:
        values, called = frame[name], str(name).casefold()
        number = pd.api.types.is_numeric_dtype(values)
        known = called in IDS or called.endswith("_id") or called.startswith("unnamed: ")
        whole = pd.api.types.is_integer_dtype(values) and known
        if (whole or not number) and len(values) > 1 and values.notna().all() and values.is_unique:
            return str(name)
    return None


def _read(path: str, rows: int | None = None) -> pd.DataFrame:
    unreadable.require(path)
    try:
        if path.casefold().endswith(".parquet"):
            return pd.read_parquet(path)
        return pd.read_csv(path, encoding="utf-8-sig", nrows=rows)
    except ImportError:
        raise ValueError(
            f"{path} is Parquet, which needs fastparquet; run make, which installs it, or store the table as CSV"
        ) from None
    # of a damaged or unusual file fastparquet's errors are of many kinds
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path} is no table that pandas reads ({said}); save it as CSV in UTF-8") from None


def _frame(path: str, settings: dict) -> pd.DataFrame:
    frame = _read(path)
    for key in ("label", "id"):
        if settings.get(key) and settings[key] not in frame.columns:
            raise ValueError(
                f"{path} has no column '{settings[key]}', the settings' {key}; found are "
                f"{', '.join(map(str, frame.columns))}"
            )
    empty = frame[settings["label"]].isna().to_numpy()
    if empty.any():
        raise ValueError(f"{path} has no label in row {int(np.argmax(empty))}, from 0; give one, or leave the row out")
    return frame


def _encoded(
    path, train: pd.DataFrame, test: pd.DataFrame, limit: float
) -> tuple[np.ndarray, np.ndarray, list[str], dict]:
    """Inputs of both parts, names of their columns, and what they were encoded by."""
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder

    names, parts, encoding = [], ([], []), {"medians": {}, "values": {}}
    for column in train.columns:
        if pd.api.types.is_numeric_dtype(train[column]) and pd.api.types.is_numeric_dtype(test[column]):
            found = SimpleImputer(strategy="median", keep_empty_features=True)
            ready = [frame[[column]].to_numpy(dtype=np.float64, na_value=np.nan) for frame in (train, test)]
            names.append(str(column))
        else:
            found = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
            ready = [_texts(frame[column]) for frame in (train, test)]
        found.fit(ready[0])
        if not isinstance(found, SimpleImputer):
            values = len(found.categories_[0])
            asked = 8 * (len(train) + len(test)) * (len(names) + values) / 1e9
            if asked > limit:
                raise ValueError(
                    f"{path}: column '{column}' has {values} different texts, each a column of numbers, with which the "
                    f"inputs take {asked:.3g} GB, and dense_gb is {limit:g}; leave that column out, name it as id, or "
                    "raise dense_gb of the data set"
                )
        for values, part in zip(ready, parts, strict=True):
            part.append(found.transform(values))
        if isinstance(found, SimpleImputer):
            encoding["medians"][str(column)] = float(found.statistics_[0])
        else:
            encoding["values"][str(column)] = found.categories_[0].tolist()
            names += [f"{column}={value}" for value in found.categories_[0]]
    return np.hstack(parts[0]), np.hstack(parts[1]), names, encoding


def _texts(column: pd.Series) -> np.ndarray:
    """(n, 1) texts, MISSING where there is none."""
    return column.astype(object).where(column.notna(), MISSING).astype(str).to_numpy(dtype=object)[:, None]
