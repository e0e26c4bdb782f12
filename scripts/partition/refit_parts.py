"""partition-removals-last-layer.h5: parts leave, one after another, and the last layer is refitted to its optimum."""

from attribution.runtime import job

job.begin()

import time

import numpy as np

from attribution.files import hdf5, provenance
from attribution.files.results.data import Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, PARAMETERS
from attribution.numerics.residuals import cross_entropy
from attribution.retraining import convex, convex_many, parts
from attribution.training import class_weights


def refit_parts(data: str, gradients: str, partition: str, l2: float, path: str, attributes: dict) -> None:
    """Write how losses on every part change without each, the features frozen, see `results.partition`.

    Args:
        l2: of the objective of `convex`, mean cross-entropy over the points kept + l2 ||W||^2.

    A part that several partitions have leaves once.
    """
    begun = time.perf_counter()
    (y,) = hdf5.read(data, Y_TRAIN)
    features, weights = hdf5.read(gradients, FEATURES_TRAIN, PARAMETERS)
    features = features.astype(np.float64)
    partitions, facts = parts.read(partition)
    kept, places = parts.masks(list(partitions.values()))
    point_weights = class_weights.stored(gradients)
    optimum = convex.fit(features, y, weights.reshape(features.shape[1], -1), l2, point_weights)
    # the first keeps every point
    refitted = convex_many.refits(features, y, optimum, l2, kept[1:], "parts that leave, last layer", point_weights)
    losses = np.stack([cross_entropy(features @ found, y) for found in [optimum, *refitted]])
    facts |= {"networks": len(kept), "seconds": time.perf_counter() - begun}
    hdf5.write(path, parts.arrays(partitions, places, [losses]), attributes | facts)


job.run(refit_parts, attributes=provenance.attributes)
