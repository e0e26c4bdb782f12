"""confusion.csv and recall.csv: what the network takes test points of each class for, and how well it knows each."""

from attribution.runtime import job

job.begin()

import numpy as np

from attribution.answers import confusion
from attribution.files import atomic, hdf5
from attribution.files.results.data import Y_TEST, Y_TRAIN
from attribution.files.results.gradients import LOGITS_TEST
from attribution.numerics.residuals import predictions


def measure_confusion(data: str, gradients: str, level: float, path: str, recall: str) -> None:
    """Write both tables, see `results.answers`.

    Args:
        data, gradients: data.h5 and gradients.h5. level: confidence of the intervals.
    """
    trained, labels = hdf5.read(data, Y_TRAIN, Y_TEST)
    (logits,) = hdf5.read(gradients, LOGITS_TEST)
    class_names = list(hdf5.attributes(data)["class_names"])
    matrix = confusion.counts(labels, predictions(logits), len(class_names))
    each = np.bincount(trained, minlength=len(class_names))
    for file, table in (
        (path, confusion.long(matrix, class_names)),
        (recall, confusion.recall(matrix, each, class_names, level)),
    ):
        with atomic.replacing(file) as temporary:
            table.to_csv(temporary, index=False)


job.run(measure_confusion, path="output.confusion")
