"""Datamodels of one subset size and number of subsets, by retraining and by the influence approximation."""

from attribution.runtime import job

job.begin()

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score

from attribution.files import atomic, hdf5, provenance
from attribution.files.results.data import SUBGROUP_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.datamodels import INTERCEPT, PENALTY, WEIGHTS
from attribution.files.results.gradients import (
    DECAY_GRADIENT,
    FEATURES_TEST,
    FEATURES_TRAIN,
    PARAMETERS,
    RESIDUALS_TRAIN,
)
from attribution.files.results.retraining import MARGINS, MASKS
from attribution.influence import inverse_files
from attribution.influence.points import Solve
from attribution.retraining import datamodels
from attribution.retraining import predictions as removal

COLUMNS = ["alpha", "subsets", "estimator", "target", "metric", "value", "low", "high"]


def fit_datamodels(
    files: dict, solve: Solve, alpha: float, subsets: int, settings: dict, paths: dict, table: str, attributes: dict
) -> None:
    """Write a file an estimator (`weights` (t, n), `intercept`, `penalty`) and the table of what they are worth.

    Args:
        files: paths of `data`, `gradients`, `held_out`, and the list `shards`. solve: the damped inverse Hessian.
        alpha: share of the training set in a subset. subsets: how many to fit on.
        settings: `penalties` (smallest, largest, count), `components`, `seed`. paths: estimator -> file.

    Targets are all training points, then all test points. Metrics: `r2` and `spearman` on held-out subsets against
    retrained margins, `own_r2` against the margins of the estimator's own kind, `agreement` rank correlation of a
    target's weights with those of `retrain`, `ari` and `ari_class` of k-means on the leading components (all
    subgroups; the subgroups within one class). `low` and `high` are the 5th and 95th percentile over targets.
    """
    y, y_test, subgroup = hdf5.read(files["data"], Y_TRAIN, Y_TEST, SUBGROUP_TRAIN)
    parts = [hdf5.read(path, MASKS, MARGINS) for path in files["shards"]]
    masks, margins = (np.concatenate(list(arrays))[:subsets] for arrays in zip(*parts, strict=True))
    held_masks, held_margins = hdf5.read(files["held_out"], MASKS, MARGINS)
    both = np.concatenate([masks, held_masks])
    linear, evaluated = approximations(files["gradients"], np.concatenate([y, y_test]), solve, both)
    k = len(masks)
    order = np.random.default_rng(settings["seed"]).permutation(k)
    outputs = {
        "retrain": (margins, held_margins),
        "influence": (linear[:k], linear[k:]),
        "influence-re-evaluated": (evaluated[:k], evaluated[k:]),
        "shuffled": (margins[order], held_margins),
    }
    penalties = np.geomspace(*(settings["penalties"][key] for key in ("smallest", "largest", "count")))
    rows, fitted = [], {}
    n = len(y)

    def add(estimator, metric, values, target):
        low, high = np.nanpercentile(values, [5, 95]) if np.size(values) > 1 else (np.nan, np.nan)
        rows.append([alpha, k, estimator, target, metric, float(np.nanmean(values)), low, high])

    for estimator, (fit_on, held) in outputs.items():
        weights, intercept, penalty = datamodels.fit(masks, fit_on, penalties)
        fitted[estimator] = weights
        arrays = {WEIGHTS: weights, INTERCEPT: intercept, PENALTY: penalty}
        hdf5.write(paths[estimator], arrays, attributes | {"estimator": estimator})
        predicted = datamodels.predict(weights, intercept, held_masks)
        for target, part in (("train", slice(None, n)), ("test", slice(n, None))):
            against = held_margins[:, part]
            add(estimator, "r2", r2_score(against, predicted[:, part], multioutput="raw_values"), target)
            add(estimator, "spearman", removal.spearman(against, predicted[:, part]), target)
            own = r2_score(held[:, part], predicted[:, part], multioutput="raw_values")
            add(estimator, "own_r2", own, target)
            add(estimator, "agreement", removal.spearman(fitted["retrain"][part].T, weights[part].T), target)
        for metric, value in separations(weights[:n], subgroup, y, settings["components"]).items():
            add(estimator, metric, value, "train")
    with atomic.replacing(table) as temporary:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(temporary, index=False)


def approximations(gradients: str, labels: np.ndarray, solve: Solve, masks: np.ndarray) -> tuple:
    """Margins (M, n + m) that the influence approximation gives for each subset, linearised and re-evaluated."""
    features, residuals, test_features, weights, slope = hdf5.read(
        gradients, FEATURES_TRAIN, RESIDUALS_TRAIN, FEATURES_TEST, PARAMETERS,
        DECAY_GRADIENT,
    )  # fmt: skip
    steps = datamodels.moved_parameters(features, residuals, slope, solve, masks)
    targets = np.concatenate([features, test_features])
    return datamodels.approximate_margins(targets, labels, weights.reshape(features.shape[1], -1), steps)


def separations(weights: np.ndarray, subgroup: np.ndarray, labels: np.ndarray, components: int) -> dict[str, float]:
    """ARI of k-means on the leading components, over all points and within the class of most subgroups."""
    found, _ = datamodels.embedding(weights, components)
    inside = datamodels.divided_class(labels, subgroup)
    within, _ = datamodels.embedding(weights[inside], components)
    return {
        "ari": datamodels.separation(found, subgroup),
        "ari_class": datamodels.separation(within, subgroup[inside]),
    }


def by_estimator(outputs: list[str]) -> dict[str, str]:
    """Files of the estimators, which are the rule's first outputs."""
    return dict(zip(datamodels.ESTIMATORS, outputs[: len(datamodels.ESTIMATORS)], strict=True))


job.run(
    fit_datamodels,
    solve=inverse_files.open_inverse,
    settings="params.datamodels",
    paths=by_estimator,
    attributes=provenance.attributes,
)
