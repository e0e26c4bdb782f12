"""near_duplicates.csv: the most alike pairs of a test and a training point, and of two training points."""

from attribution.runtime import job

job.begin()

import numpy as np

from attribution.answers import near_duplicates
from attribution.data import own_rows
from attribution.files import atomic, hdf5
from attribution.files.results.data import Y_TEST, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TEST, FEATURES_TRAIN, RESIDUALS_TEST, RESIDUALS_TRAIN
from attribution.influence import inverse_files
from attribution.influence.points import Solve


def find_near_duplicates(data: str, gradients: str, solve: Solve, pairs: int, path: str) -> None:
    """Write near_duplicates.csv.

    Args:
        data, gradients: data.h5 and gradients.h5. solve: the damped inverse Hessian of the last layer. pairs: of each
            score, of test and of training points.
    """
    y, y_test = hdf5.read(data, Y_TRAIN, Y_TEST)
    found = hdf5.read(gradients, FEATURES_TRAIN, RESIDUALS_TRAIN, FEATURES_TEST, RESIDUALS_TEST)
    train, test = found[:2], found[2:]
    names = np.array([str(name) for name in hdf5.attributes(data)["class_names"]], dtype=object)
    scores = {}
    for part, asked in (("train", train), ("test", test)):
        # without the column of ones
        scores["embedding-cosine", part] = near_duplicates.embedding_cosine(train[0][:, :-1], asked[0][:, :-1])
        scores["l-relative", part] = near_duplicates.l_relative(train, asked, solve)
    nearest = {
        (score, part): near_duplicates.nearest(of, len(y if part == "train" else y_test), pairs, part == "train")
        for (score, part), of in scores.items()
    }
    rows = {part: own_rows.of(data, part) for part in near_duplicates.PARTS}
    table = near_duplicates.table(nearest, rows, {"train": names[y], "test": names[y_test]})
    with atomic.replacing(path) as temporary:
        table.to_csv(temporary, index=False)


job.run(find_near_duplicates, solve=inverse_files.open_inverse)
