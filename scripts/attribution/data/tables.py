"""One's own table, CSV or Parquet: rows are points, a column is the label, the others are inputs."""

import json

import numpy as np
import pandas as pd

from attribution.data import splits
from attribution.data.stored import table_columns
from attribution.files import as_texts, csv_header, unreadable

IDS = ("id", "index", "key")
# what pandas takes for a missing value of an input; of a label or an id an empty cell alone is missing
WORDS = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip


def read(path: str, settings: dict) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays of a table, its columns encoded by what the training rows hold.

    Numbers stay, and where one is missing it is the column's median; a column of texts becomes a column of 0 and 1 for
    each of its values (scikit-learn's SimpleImputer and OneHotEncoder), with a missing text as a value of its own, and
    a value that no training row has as 0 in all. Labels and ids are texts as they stand in the file.

    Args:
        path: of the file. settings: `label`, the column of labels; `test`, another file or a share of the rows; `id`,
            perhaps, a column that names the rows and is no input; `categories`, perhaps, columns of numbers that are
            texts; `seed` of the split; `dense_gb`, gigabytes that the inputs may take.

    Returns:
        arrays: x_train (n, D) float64, y_train (n,) texts, id_train (n,) texts, the row from 0 without `id`; x_test and
        so on. facts: `columns`, names of the D inputs, `encoding`, JSON with medians and values, and `notes`, sentences
        of what was left out or taken for something else, where anything was.

    Raises:
        ValueError: one sentence.
    """
    train, notes = _frame(path, settings)
    if isinstance(settings["test"], str):
        train, test = _alike(path, train, settings)
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
    x_train, x_test, columns, encoding, said = table_columns.encoded(
        (path, settings["test"] if isinstance(settings["test"], str) else path), train[inputs], test[inputs],
        settings.get("categories", []), settings["dense_gb"],
    )  # fmt: skip
    facts, notes = {"columns": columns, "encoding": json.dumps(encoding)}, notes + said
    return arrays | {"x_train": x_train, "x_test": x_test}, facts | ({"notes": notes} if notes else {})


def columns(path: str) -> list[str]:
    """Names of a table's columns, without those that name the rows.

    Raises:
        ValueError: one sentence, where the file cannot be read as a table.
    """
    names = list(_read(path, [], 5).columns)
    return names[len(csv_header.of_index(names)) :]


def naming(path: str, label: str) -> str | None:
    """The first column that names the rows and says nothing else: another text in every row, or another whole number
    where it is called as in IDS, ends in _id, or is the index that pandas has written; None where there is none.

    Raises:
        ValueError: as `columns`.
    """
    frame = _read(path, [])
    for name in [name for name in frame.columns if name != label]:
        values, called = frame[name], str(name).casefold()
        number = pd.api.types.is_numeric_dtype(values) or table_columns.are_numbers(as_texts.of_column(values))
        known = called in IDS or called.endswith("_id") or called.startswith("unnamed: ")
        whole = pd.api.types.is_integer_dtype(values) and known
        if (whole or not number) and len(values) > 1 and values.notna().all() and values.is_unique:
            return str(name)
    return None


def _alike(path: str, train: pd.DataFrame, settings: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The training rows and those of the test set's file, columns in one order, and where the one file has texts in a
    column of numbers of the other, both as texts."""
    other = settings["test"]
    test, _ = _frame(other, settings)
    lacks = [str(name) for name in train.columns if name not in test.columns]
    more = [str(name) for name in test.columns if name not in train.columns]
    if lacks or more:
        differ = [f"lacks {', '.join(lacks)}"] * bool(lacks) + [f"has also {', '.join(more)}"] * bool(more)
        raise ValueError(f"{other} {' and '.join(differ)}, of the columns of {path}; give both files the same")
    is_text = [{name: not pd.api.types.is_numeric_dtype(one[name]) for name in train.columns} for one in (train, test)]
    mixed = [name for name in train.columns if is_text[0][name] != is_text[1][name]]
    if mixed:
        (train, _), (test, _) = (_frame(file, settings, mixed) for file in (path, other))
    return train, test[list(train.columns)]


def _read(path: str, texts: list[str], rows: int | None = None) -> pd.DataFrame:
    """The table; of a CSV file these columns are texts as they stand there, none of them missing."""
    unreadable.require(path)
    try:
        if path.casefold().endswith(".parquet"):
            return pd.read_parquet(path)
        names, separator = csv_header.read(path)
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"two columns are called '{twice[0]}'")
        missing = {name: [] if name in texts else WORDS for name in names}
        return pd.read_csv(
            path, sep=separator, encoding="utf-8-sig", nrows=rows, low_memory=False, keep_default_na=False,
            na_values=missing, dtype={name: str for name in texts if name in names},
        )  # fmt: skip
    except ImportError:
        raise ValueError(
            f"{path} is Parquet, which needs fastparquet; run make, which installs it, or store the table as CSV"
        ) from None
    # of a damaged or unusual file fastparquet's errors are of many kinds
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path} is no table that pandas reads ({said}); save it as CSV in UTF-8") from None


def _frame(path: str, settings: dict, texts: list[str] = ()) -> tuple[pd.DataFrame, list[str]]:
    """The table without columns that are no inputs, its index the row from 0, and sentences of what was left out.

    Args:
        texts: columns of inputs that are read as texts, besides `categories`.
    """
    named = {key: settings[key] for key in ("label", "id") if settings.get(key)}
    categories = settings.get("categories", [])
    frame = _read(path, [*named.values(), *texts, *categories]).reset_index(drop=True)
    wanted = list(named.items()) + [("categories", name) for name in categories]
    for key, name in wanted:
        if name not in frame.columns:
            raise ValueError(
                f"{path} has no column '{name}', the settings' {key}; found are {', '.join(map(str, frame.columns))}"
            )
    for key, name in named.items():
        column = as_texts.of_column(frame[name])
        empty = (column.isna() | column.str.strip().eq("")).to_numpy()
        if empty.any():
            advice = "give one, or leave the row out"
            raise ValueError(f"{path} has no {key} in row {int(np.argmax(empty))}, from 0; {advice}")
        frame[name] = column
        if key == "id" and column.duplicated().any():
            twice = column[column == column[column.duplicated()].iloc[0]]
            raise ValueError(
                f"{path}: id '{twice.iloc[0]}' is that of rows {twice.index[0]} and {twice.index[1]}, from 0; give "
                "each row one of its own, or leave id out of the settings"
            )
    for name in {*texts, *categories} & set(frame.columns):
        frame[name] = frame[name].mask(frame[name].isin(WORDS))
    kept = [*named.values(), *categories]
    index = [name for name in csv_header.of_index(list(frame.columns)) if name not in kept]
    empty = [name for name in frame.columns if csv_header.UNNAMED.fullmatch(str(name)) and frame[name].isna().all()]
    notes = []
    if index:
        notes = [
            f"{path}: the first column has no name, as that of rows' numbers has none, and is left out; give it a name "
            f'for an input, or set id: "{index[0]}" where it names the rows'
        ]
    return frame.drop(columns=list(dict.fromkeys(index + [name for name in empty if name not in kept]))), notes
