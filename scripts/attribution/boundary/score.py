"""Boundary scores of groups in either scope, as one function of padded members."""

from collections.abc import Callable
from functools import partial

import numpy as np

from attribution.boundary import groups as boundary_groups
from attribution.files import hdf5
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, PARAMETERS
from attribution.training import schedule

# Forms that exist for a network's other layers, too; the others rest on logits that are linear in the weights.
ITERATIVE = ("batch", "universal", "simple")
# `boundary.groups.simple`: the points' own labels, the report's form
GIVEN = "label"


def last_layer(gradients: str) -> tuple[np.ndarray, np.ndarray]:
    """Extended features (n, D), float64, and weights (D, C) of gradients.h5."""
    features, weights = hdf5.read(gradients, FEATURES_TRAIN, PARAMETERS)
    features = features.astype(np.float64)
    return features, weights.reshape(features.shape[1], -1)


def scorer(
    files: dict, scope: str, features: np.ndarray, weights: np.ndarray, boundary: dict, training: dict
) -> Callable:
    """The function (members (M, S), form) -> `boundary_groups.Groups`.

    Args:
        files: paths of `data`, whose labels form `simple` may need, and for all layers `model`. scope: `last_layer` or
            `all_layers`.
        features, weights: from `last_layer`, for that scope.
        boundary: sections `groups` and `points` of the settings. training: of the model, for form `simple`.
    """
    labels = hdf5.read(files["data"], Y_TRAIN)[0] if boundary["groups"]["simple"] == GIVEN else None
    if scope == "last_layer":
        settings = boundary["groups"] | {"optimizer": schedule.final_optimizer(training)}
        return lambda members, form: boundary_groups.score(features, weights, members, form, settings, labels)
    import keras

    (x,) = hdf5.read(files["data"], X_TRAIN)
    model = keras.models.load_model(files["model"], compile=False)
    return partial(_all_layers, model, x, labels, boundary, training)


def _all_layers(
    model, x: np.ndarray, labels: np.ndarray | None, boundary: dict, training: dict, members: np.ndarray, form: str
) -> boundary_groups.Groups:
    from attribution.boundary import groups_all_layers as boundary_layer_groups

    if form not in ITERATIVE:
        raise ValueError(f"boundary form '{form}' exists in the last layer only; in all layers {', '.join(ITERATIVE)}")
    groups, chosen, points = [row[row >= 0] for row in members], boundary["groups"], boundary["points"]
    common = {"slots": min(points["slots"], len(groups)), "dtype": points["precision"]}
    if form == "batch":
        return boundary_layer_groups.batch(model, x, groups, max_steps=chosen["max_steps"], **common)
    if form == "universal":
        return boundary_layer_groups.universal(
            model, x, groups, max_passes=chosen["passes"], orders=chosen["orders"], seed=chosen["seed"], **common
        )
    return boundary_layer_groups.simple(
        model, x, groups, training, max_steps=chosen["max_steps"], longest=chosen["max_norm"], labels=labels, **common
    )
