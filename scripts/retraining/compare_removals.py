"""Losses without points and groups: retrained networks and refitted last layers beside what influence predicts."""

from attribution.runtime import job, log

job.begin()

import numpy as np
import pandas as pd

from attribution.files import atomic, hdf5, provenance
from attribution.files.results.data import X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TEST, FEATURES_TRAIN, PARAMETERS
from attribution.files.results.retraining import (
    GROUP_KIND,
    GROUP_MASKS,
    GROUP_SHARE,
    METHODS_OF_GROUPS,
    METHODS_OF_ONE,
    OWN,
    TEST,
)
from attribution.methods import base, scores
from attribution.numerics.residuals import cross_entropy
from attribution.retraining import convex, loss_changes, subsets
from attribution.retraining import predictions as removal
from attribution.training import class_weights

COLUMNS = ["truth", "target", "share", "method", "metric", "value", "low", "high"]


def compare_removals(
    files: dict,
    one: dict[str, str],
    several: dict[str, str],
    scored: dict[str, str],
    l2s: list[float],
    groups: dict,
    path: str,
    table: str,
    attributes: dict,
) -> None:
    """Write removals.h5 (arrays for figures, one folder a truth) and removals.csv (agreement).

    Args:
        files: paths of `data`, `gradients` and lists `leave_one_out`, `groups` of retrained networks by repetition.
        one, several: methods that predict what leaving out each point and each group does: name -> text of the
            registry. scored: name -> path of scores/METHOD.h5 of each of them.
        l2s: penalties of the convex truths. groups: settings of `subsets.groups`.

    The truths are `network`, the real one, and `convex-L2`. In each folder `one/own` (1 + methods, n) holds the true
    and the predicted changes of every point's own loss when it leaves, `one/test` (1 + methods, n, m) those of the test
    points, `groups/own` and `groups/test` (1 + methods, g) the mean changes over the group and over the test set.
    """
    x, y, y_test = hdf5.read(files["data"], X_TRAIN, Y_TRAIN, Y_TEST)
    features, test, weights = hdf5.read(files["gradients"], FEATURES_TRAIN, FEATURES_TEST, PARAMETERS)
    n, labels, targets = len(y), np.concatenate([y, y_test]), np.concatenate([features, test])
    weights = weights.reshape(features.shape[1], -1)
    drawn = subsets.groups(x, y, **groups)
    rows_of = {name: scores.row(path) for name, path in scored.items()}
    arrays = {GROUP_SHARE: drawn.share, GROUP_KIND: drawn.kind.astype("S"), GROUP_MASKS: drawn.masks}
    rows = []

    def keep(truth, true_one, true_several, predicted_one, predicted_several):
        found = np.stack([true_one, *predicted_one])
        own, test = np.stack([np.diag(a[:, :n]) for a in found]), found[:, :, n:]
        group_own, group_test = removal.on_group_and_test(np.stack([true_several, *predicted_several]), drawn.masks)
        arrays.update({f"{truth}/one/{OWN}": own, f"{truth}/one/{TEST}": test.astype(np.float32)})
        arrays.update({f"{truth}/groups/{OWN}": group_own, f"{truth}/groups/{TEST}": group_test})
        for place, name in enumerate(one, 1):
            pair = [0, place]
            rows.extend(agreement_of_points(truth, rows_of[name], own[pair], test[pair]))
        names = [rows_of[name] for name in several]
        rows.extend(agreement_of_groups(truth, group_own, group_test, drawn.share, names))

    again = [loss_changes.read(path)[1] for path in files["leave_one_out"]]
    groups_again = [loss_changes.read(path)[1] for path in files["groups"]]
    keep(
        "network", again[0], groups_again[0], [scores.removals(scored[name])[0] for name in one],
        [scores.removals(scored[name])[1] for name in several],
    )  # fmt: skip
    for other, other_groups in zip(again[1:], groups_again[1:], strict=True):
        own = np.stack([np.diag(a[:, :n]) for a in (again[0], other)])
        test = np.stack([a[:, n:] for a in (again[0], other)])
        rows += agreement_of_points("network", "trained again", own, test)
        pair = np.stack([groups_again[0], other_groups])
        rows += agreement_of_groups(
            "network", *removal.on_group_and_test(pair, drawn.masks), drawn.share, ["trained again"]
        )
    alone, together = subsets.left_out(subsets.leave_one_out(n)), subsets.left_out(drawn.masks)
    point_weights = class_weights.stored(files["gradients"])
    for l2 in l2s:
        optimum = convex.fit(features, y, weights, l2, point_weights)
        start = cross_entropy(targets @ optimum, labels)
        masks = log.progress(np.concatenate([subsets.leave_one_out(n), drawn.masks]), f"refits with L2 {l2:g}")
        refitted = convex.refits(features, y, optimum, l2, masks, point_weights)
        changed = removal.losses_at(refitted, targets, labels) - start
        flat = np.full(optimum.size, 2 * l2)
        layer = removal.LastLayer(
            features, y, optimum, flat, 2 * l2 * optimum.ravel(), 0.0, targets, labels, point_weights
        )
        keep(
            f"convex-{l2:g}", changed[:n], changed[n:],
            [base.resolve(text).changes(layer, alone) for text in one.values()],
            [base.resolve(text).changes(layer, together) for text in several.values()],
        )  # fmt: skip
    named = {METHODS_OF_ONE: [rows_of[name] for name in one], METHODS_OF_GROUPS: [rows_of[name] for name in several]}
    hdf5.write(path, arrays, attributes | named)
    with atomic.replacing(table) as temporary:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(temporary, index=False)


def agreement_of_points(truth: str, method: str, own: np.ndarray, test: np.ndarray) -> list[list]:
    """Rows of the table for single points.

    Args:
        own: (2, n) true and predicted change of each point's own loss. test: (2, n, m) of the test points' losses.

    For `own` the correlation is over points, its interval a bootstrap over them; for `test` it is the mean over test
    points of their correlations over removed points, with the 5th and 95th percentile; `pearson_pooled` is over all
    pairs at once.
    """
    pooled = float(removal.pearson(test[0].ravel(), test[1].ravel()))
    rows = [[truth, TEST, 1 / own.shape[1], method, "pearson_pooled", pooled, np.nan, np.nan]]
    for metric, statistic in (("pearson", removal.pearson), ("spearman", removal.spearman)):
        rows.append([truth, OWN, 1 / own.shape[1], method, metric, float(statistic(*own)),
                     *removal.bootstrap(statistic, *own)])  # fmt: skip
        each = statistic(*test)
        rows.append([truth, TEST, 1 / own.shape[1], method, metric, float(np.nanmean(each)),
                     *np.nanpercentile(each, [5, 95])])  # fmt: skip
    return rows


def agreement_of_groups(
    truth: str, own: np.ndarray, test: np.ndarray, share: np.ndarray, methods: list[str]
) -> list[list]:
    """Rows of the table for groups: correlations over all groups, and by share the median ratio and relative error.

    Args:
        own, test: (1 + methods, g), the true changes first. share: (g,) of the training set, rounded to whole percents.
        methods: names of the rows.
    """
    rows, percent = [], np.round(100 * share)
    for target, changes in ((OWN, own), (TEST, test)):
        true = changes[0]
        for method, predicted in zip(methods, changes[1:], strict=True):
            for metric, statistic in (("pearson", removal.pearson), ("spearman", removal.spearman)):
                rows.append([truth, target, np.nan, method, metric, float(statistic(true, predicted)),
                             *removal.bootstrap(statistic, true, predicted)])  # fmt: skip
            for value in np.unique(percent):
                at = percent == value
                with np.errstate(divide="ignore", invalid="ignore"):
                    ratio = predicted[at] / true[at]
                error = np.abs(predicted[at] - true[at]).sum() / max(np.abs(true[at]).sum(), np.finfo(float).tiny)
                low, middle, high = np.nanpercentile(ratio, [10, 50, 90])
                rows.append([truth, target, value / 100, method, "ratio", middle, low, high])
                rows.append([truth, target, value / 100, method, "relative_error", error, np.nan, np.nan])
    return rows


job.run(
    compare_removals,
    groups="params.groups",
    scored=lambda one, several, scores: dict(zip(dict(one | several), scores, strict=True)),
    attributes=provenance.attributes,
)
