"""A judge's tables of all models and truths of a study, one below the other."""

from attribution.runtime import job

job.begin()

import pandas as pd

from attribution.files import atomic


def gather_truths(tables: list[str], path: str) -> None:
    """Write them as one CSV, a row that several of them have once."""
    with atomic.replacing(path) as temporary:
        # as text: numbers that are read and written again may round
        rows = pd.concat([pd.read_csv(table, dtype=str, keep_default_na=False) for table in tables])
        rows.drop_duplicates().to_csv(temporary, index=False)


job.run(gather_truths)
