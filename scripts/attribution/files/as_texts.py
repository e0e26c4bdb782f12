"""Labels and ids as texts: all that read them from a user's file write them alike."""

import numpy as np


def of_array(values: np.ndarray) -> np.ndarray:
    """(n,) texts of bytes in UTF-8, numbers or texts."""
    return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values.astype(str)


def of_column(column):
    """The same of a column of a table, a pandas Series, a missing one missing; of whole numbers without a point."""
    # not loaded where no table is read
    import pandas as pd

    if pd.api.types.is_float_dtype(column):
        whole = column.map(lambda value: np.isfinite(value) and float(value).is_integer(), na_action="ignore")
        if whole.eq(True).sum() == column.notna().sum():
            column = column.astype("Int64")
    return column.astype(object).where(column.notna(), None).map(str, na_action="ignore")
