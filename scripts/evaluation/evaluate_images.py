"""evaluation.csv of data without a plane: every method by every measure of the run, with intervals."""

from attribution.runtime import job

job.begin()

import pandas as pd

from attribution.evaluation import retrieval
from attribution.files import atomic

COLUMNS = ["method", "metric", "value", "low", "high", "seconds"]


def evaluate_images(tables: dict, settings: dict, path: str) -> None:
    """Write a row a method and metric; the metric's name starts with the table that it is from.

    Tables with a row a seed give the mean over seeds and its bootstrap interval; the others have intervals already, and
    their rows of differences to a baseline are left out.

    Args:
        tables: paths of csv files by name, such as `overlap`. settings: `resamples`, `level`, `seed` of intervals.
    """
    parts = []
    for name, table in tables.items():
        rows = pd.read_csv(table)
        if "baseline" in rows:
            rows = rows[rows.baseline.isna()]
        if "seed" in rows:
            rows = over_seeds(rows, settings)
        parts.append(rows.assign(metric=f"{name} " + rows.metric).reindex(columns=COLUMNS))
    with atomic.replacing(path) as temporary:
        pd.concat(parts).to_csv(temporary, index=False)


def over_seeds(rows: pd.DataFrame, settings: dict) -> pd.DataFrame:
    """Mean, interval and seconds of each method and metric."""
    found = []
    for (method, metric), part in rows.groupby(["method", "metric"], sort=False):
        values = part.value.to_numpy()
        mean = values.mean()
        # all equal, or a single one: nothing to resample
        same = len(set(values)) == 1
        low, high = (mean, mean) if same else retrieval.interval(values, *settings.values())
        found.append([method, metric, mean, low, high, part["seconds"].iloc[0] if "seconds" in part else None])
    return pd.DataFrame(found, columns=COLUMNS)


job.run(evaluate_images, tables="job.files", settings="params.intervals")
