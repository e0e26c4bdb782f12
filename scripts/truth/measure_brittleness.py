"""judges/brittleness-TRUTH-EXTENT.csv: margins and predictions without the points that methods credit most."""

from attribution.runtime import job

job.begin()

import pandas as pd

from attribution.evaluation import brittleness
from attribution.files import atomic, hdf5
from attribution.files.results.retraining import COUNTS, RETRAINED, UNTOUCHED

START = ["dataset", "model", "truth", "models", "subsets", "method", "share", "points"]


def measure_brittleness(
    wildcards: dict, retrained: list[str], methods: list[str], shares: list[float], interval: dict, path: str
) -> None:
    """Write the table, a row a method and share of the training set that leaves; `subsets`: networks of the method.

    Args:
        retrained: brittleness/METHOD.h5 of `methods`. interval: `resamples`, `level`, `seed`, over targets.
    """
    rows = []
    for method, file in zip(methods, retrained, strict=True):
        counts, after, before = hdf5.read(file, COUNTS, RETRAINED, UNTOUCHED)
        for share, points, margins in zip(shares, counts, after.T, strict=True):
            facts = [wildcards["dataset"], wildcards["model"], wildcards["truth"], 1, after.size, method, share, points]
            found = brittleness.row(before, margins, interval)
            rows.append(dict(zip(START, facts, strict=True)) | found)
            print(f"{method}, {points} points: {found['change']:+.3f} ({found['low']:.3f} to {found['high']:.3f})")
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)


job.run(measure_brittleness)
