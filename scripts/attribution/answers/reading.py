"""suspicious.csv and explanations.csv as tables."""

import pandas as pd

TEXTS = (
    "id",
    "label",
    "suggested",
    "target_id",
    "target_label",
    "prediction",
    "method",
    "direction",
    "other_id",
    "other_label",
)


def read(path: str) -> pd.DataFrame:
    """A table whose names stay texts: a class called 1, or NA, is no number and not missing. Empty ids are "" ."""
    table = pd.read_csv(path, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False, na_values=[""])
    ids = [name for name in ("id", "target_id", "other_id") if name in table]
    return table.assign(**{name: table[name].fillna("") for name in ids})


def name(row: int, own: str) -> str:
    """What figures call a point: its id where it has one, else its row."""
    return own or f"row {row}"
