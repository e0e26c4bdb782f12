"""judges/labels.csv: how well each method's scores find the labels that were flipped."""

from attribution.runtime import job

job.begin()

from functools import reduce

import numpy as np

from attribution.evaluation import labels
from attribution.files import atomic, hdf5
from attribution.files.results.data import FLIPPED_TRAIN
from attribution.methods import scores


def judge_labels(data: str, files: dict, interval: dict, path: str) -> None:
    """Write the table, see `labels.table`.

    Args:
        data: data.h5. files: method -> scores/METHOD.h5; judged are the points that all of them score.

    Raises:
        ValueError: when no label was flipped.
    """
    with hdf5.file(data) as file:
        if FLIPPED_TRAIN not in file:
            raise ValueError(
                f"{data} has no flipped labels, so nothing says which score finds them; for the most suspicious labels "
                "of your data ask for suspicious.csv of the run, or set `flipped` above 0 in a copy of the data set"
            )
        flipped = file[FLIPPED_TRAIN][()]
    found = {method: scores.points(file, "labels")[:2] for method, file in files.items()}
    index = reduce(np.intersect1d, (points for _, points in found.values()))
    suspicion = {method: values[np.searchsorted(points, index)] for method, (values, points) in found.items()}
    table = labels.table(suspicion, flipped[index], interval)
    with atomic.replacing(path) as temporary:
        table.to_csv(temporary, index=False)


job.run(judge_labels, files=lambda methods, scores: dict(zip(methods, scores, strict=True)))
