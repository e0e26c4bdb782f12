"""How well methods find the wrong labels of a data set, from their files."""

from functools import reduce

import numpy as np
import pandas as pd

from attribution.answers import wrong_labels
from attribution.evaluation import labels
from attribution.files import hdf5
from attribution.files.results.data import Y_TRAIN
from attribution.methods import scores


def table(
    data: str, human: str | None, files: dict[str, list[str]], class_names: list[str], interval: dict
) -> pd.DataFrame:
    """A row a truth and method: `truth` and the columns of `labels.table`.

    Args:
        data, human, class_names: as `wrong_labels.of`. files: method -> scores/METHOD.h5 of each training; judged are
            the points that all of them score. interval: section `bootstrap`.

    Raises:
        ValueError: as `wrong_labels.of`, or when a method gives no scores of points.
    """
    known, (given,) = wrong_labels.of(data, human, class_names), hdf5.read(data, Y_TRAIN)
    found = {method: [scores.points(file, "labels")[:2] for file in each] for method, each in files.items()}
    scored = reduce(np.intersect1d, (points for each in found.values() for _, points in each))
    parts = []
    for truth, (points, wrong) in known.items():
        index = np.intersect1d(points, scored)
        suspicion = {
            method: np.stack([values[np.searchsorted(of, index)] for values, of in each])
            for method, each in found.items()
        }
        rows = labels.table(suspicion, wrong[np.searchsorted(points, index)], given[index], interval)
        rows.insert(0, "truth", truth)
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)
