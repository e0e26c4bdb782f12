"""Factors of the gradients of all points from a user's file of features and last layer; there is no network."""

from attribution.runtime import job

job.begin()

import numpy as np

from attribution.files import hdf5, provenance
from attribution.files.results.data import Y_TEST, Y_TRAIN
from attribution.files.results.gradients import (
    DECAY,
    DECAY_GRADIENT,
    FEATURES_TEST,
    FEATURES_TRAIN,
    LOGITS_TEST,
    LOGITS_TRAIN,
    PARAMETERS,
    POINT_WEIGHTS,
    RESIDUALS_TEST,
    RESIDUALS_TRAIN,
)
from attribution.influence import factors_file
from attribution.numerics.residuals import cross_entropy, predictions, residuals
from attribution.training import chance, class_weights

PARTS = {
    "train": (FEATURES_TRAIN, LOGITS_TRAIN, RESIDUALS_TRAIN),
    "test": (FEATURES_TEST, LOGITS_TEST, RESIDUALS_TEST),
}
ROWS = 4096  # points whose extended features are held at once


def read_factors(data: str, recipe: dict, storage: str, label: str, path: str, attributes: dict) -> None:
    """Write gradients.h5 of the last layer, as `cache_gradients` does from a network.

    Args:
        data: data.h5. recipe: `path` of the file, see `factors_file.read`; `l2` of the penalty on the kernel, whose
            Hessian is 2 l2; perhaps `class_weights`, and `below_chance`, see `chance.judge`.
        storage: `float64` or `float32`, of the features. label: of the run, for messages.

    Raises:
        ValueError: one sentence, where the file does not fit the data set.
        RuntimeError: when the logits say nothing about the labels and `below_chance` is refuse.
    """
    given = factors_file.read(recipe["path"], data)
    labels = dict(zip(PARTS, hdf5.read(data, Y_TRAIN, Y_TEST), strict=True))
    weights = {"train": class_weights.of_labels(labels["train"], recipe.get("class_weights")), "test": None}
    curvature = np.full_like(given.weights, 2 * recipe["l2"])
    curvature[-1] = 0.0  # the bias has no penalty
    with hdf5.writing(path, attributes) as file:
        for name, array in (
            (PARAMETERS, given.weights),
            (DECAY, curvature),
            (DECAY_GRADIENT, curvature * given.weights),
        ):
            file.create_dataset(name, data=array.ravel(), track_times=False)
        if weights["train"] is not None:
            file.create_dataset(POINT_WEIGHTS, data=weights["train"], track_times=False)
        for part, (features_name, logits_name, residuals_name) in PARTS.items():
            features = given.features[part]
            n, d = features.shape
            whole = file.create_dataset(features_name, (n, d + 1), storage, track_times=False)
            logits = np.empty((n, given.weights.shape[1]))
            for start in range(0, n, ROWS):
                rows = slice(start, start + ROWS)
                h = factors_file.extended(features[rows], given.bias)
                whole[rows], logits[rows] = h, h @ given.weights
            file.create_dataset(logits_name, data=logits, track_times=False)
            own = residuals(logits, labels[part], weights[part])
            file.create_dataset(residuals_name, data=own, track_times=False)
            accuracy, loss = float((predictions(logits) == labels[part]).mean()), cross_entropy(logits, labels[part])
            print(f"{label}, {part}: {n} points, loss {loss.mean():.6g}, accuracy {accuracy:.6g}", flush=True)
            if part == "train":
                require_information(logits, labels[part], accuracy, recipe, label)


def require_information(logits: np.ndarray, labels: np.ndarray, accuracy: float, recipe: dict, label: str) -> None:
    """RuntimeError, or a warning, where the accuracy is about that of naming the largest class, see `chance.judge`."""
    majority, needed = chance.accuracy_needed(labels)
    if accuracy < needed:
        found, mode = chance.evidence(logits, predictions(logits), labels), recipe.get("below_chance", "refuse")
        advice = f"look at the features and the order of the classes in {recipe['path']}"
        chance.judge(found, accuracy, majority, mode, label, "the last layer has", advice)


job.run(
    read_factors,
    label=lambda wildcards: f"{wildcards['model']} seed {wildcards['seed']}",
    attributes=provenance.attributes,
)
