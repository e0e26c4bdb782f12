"""CSV files of results as tables whose names stay texts."""

import pandas as pd

# columns of names: of classes, points, methods
TEXTS = (
    "id", "label", "class", "suggested", "target_id", "target_label", "prediction", "method", "direction", "other_id",
    "other_label", "subgroup", "original_label",
)  # fmt: skip


def read(path) -> pd.DataFrame:
    """The table; a class called 1, or NA, is no number and not missing, and an id that is missing is "" ."""
    texts = {name: name in TEXTS for name in pd.read_csv(path, nrows=0).columns}
    missing = {name: ["", "nan", "NaN"] for name, is_text in texts.items() if not is_text}
    kinds = {name: str for name, is_text in texts.items() if is_text}
    return pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=missing)
