"""named_removal.csv: points that the user names leave and the last layer, or the network, is trained again."""

from attribution.runtime import job

job.begin()

import numpy as np
import pandas as pd

from attribution.data import own_rows
from attribution.files import atomic, hdf5
from attribution.files.results.data import Y_TEST, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TEST, FEATURES_TRAIN, PARAMETERS
from attribution.files.results.retraining import KIND, LOSSES
from attribution.numerics.residuals import cross_entropy
from attribution.retraining import convex, convex_many, named
from attribution.training import class_weights


def refit_without_named(
    data: str, gradients: str, points: str | None, networks: str | None, removed: list, draws: int, draw_seed: int,
    l2: float, level: float, outputs: list[str],
) -> None:  # fmt: skip
    """Write named_removal.csv and named_removal_draws.csv, see `results.answers`.

    Args:
        points: CSV of them, or None. networks: retraining/named.h5, None where whole networks are not trained again.
        removed: rows and ids. draws, draw_seed: of random sets. l2: of the objective of `convex`, mean cross-entropy
            over the points kept + l2 ||W||^2. level: of the intervals.
    """
    y, y_test = hdf5.read(data, Y_TRAIN, Y_TEST)
    features, test, weights = hdf5.read(gradients, FEATURES_TRAIN, FEATURES_TEST, PARAMETERS)
    features, test = features.astype(np.float64), test.astype(np.float64)
    left = named.members(own_rows.of(data, "train"), removed, points)
    names, kept = named.sets(y, left, draws, draw_seed)
    point_weights = class_weights.stored(gradients)
    optimum = convex.fit(features, y, weights.reshape(features.shape[1], -1), l2, point_weights)
    # the first keeps every point
    refitted = convex_many.refits(features, y, optimum, l2, kept[1:], "points that leave, last layer", point_weights)
    losses = np.stack([cross_entropy(test @ found, y_test) for found in [optimum, *refitted]])
    class_names = [str(name) for name in hdf5.attributes(data)["class_names"]]
    found = [named.changes(names, losses, y_test, class_names, named.LAST_LAYER)]
    if networks is not None:
        kind, losses = hdf5.read(networks, KIND, LOSSES)
        found.append(named.changes([name.decode() for name in kind], losses, y_test, class_names, named.NETWORK))
    every = pd.concat(found, ignore_index=True)
    for path, table in zip(outputs, (named.summary(every, level), every), strict=True):
        with atomic.replacing(path) as temporary:
            table.to_csv(temporary, index=False)


job.run(refit_without_named, draws="params.draws")
