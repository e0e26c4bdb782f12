"""named_removal.csv: points that the user names leave, the last layer is refitted, beside random sets of as many."""

from attribution.runtime import job

job.begin()

import numpy as np

from attribution.data import own_rows
from attribution.files import atomic, hdf5
from attribution.files.results.data import Y_TEST, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TEST, FEATURES_TRAIN, PARAMETERS
from attribution.numerics.residuals import cross_entropy
from attribution.retraining import convex, convex_many, named


def refit_without_named(
    data: str, gradients: str, points: str | None, removed: list, settings: dict, l2: float, level: float,
    outputs: list[str],
) -> None:  # fmt: skip
    """Write named_removal.csv and named_removal_draws.csv, see `results.answers`.

    Args:
        points: CSV of them, or None. removed: rows and ids. settings: section `answers.removal`. l2: of the objective
            of `convex`, mean cross-entropy over the points kept + l2 ||W||^2. level: of the intervals.
    """
    y, y_test = hdf5.read(data, Y_TRAIN, Y_TEST)
    features, test, weights = hdf5.read(gradients, FEATURES_TRAIN, FEATURES_TEST, PARAMETERS)
    features, test = features.astype(np.float64), test.astype(np.float64)
    left = named.members(own_rows.of(data, "train"), removed, points)
    names, kept = named.sets(y, left, settings["draws"], settings["seed"])
    optimum = convex.fit(features, y, weights.reshape(features.shape[1], -1), l2)
    # the first keeps every point
    refitted = convex_many.refits(features, y, optimum, l2, kept[1:], "points that leave, last layer")
    losses = np.stack([cross_entropy(test @ found, y_test) for found in [optimum, *refitted]])
    class_names = [str(name) for name in hdf5.attributes(data)["class_names"]]
    draws = named.changes(names, losses, y_test, class_names)
    for path, table in zip(outputs, (named.summary(draws, level), draws), strict=True):
        with atomic.replacing(path) as temporary:
            table.to_csv(temporary, index=False)


job.run(refit_without_named)
