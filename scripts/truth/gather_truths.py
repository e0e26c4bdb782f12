"""A judge's tables of all models and truths of a study, one below the other."""

from attribution.runtime import job

job.begin()

import pandas as pd

from attribution.files import atomic


def gather_truths(tables: list[str], path: str) -> None:
    """Write them as one CSV."""
    with atomic.replacing(path) as temporary:
        pd.concat([pd.read_csv(table) for table in tables]).to_csv(temporary, index=False)


job.run(gather_truths)
