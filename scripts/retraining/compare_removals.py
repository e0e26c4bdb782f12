"""Losses without points and groups: retrained networks and refitted last layers beside what influence predicts."""

from attribution.runtime import job, log

job.begin()

import numpy as np
import pandas as pd

from attribution.files import atomic, hdf5, provenance
from attribution.files.results.data import X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.gradients import DECAY, DECAY_GRADIENT, FEATURES_TEST, FEATURES_TRAIN, PARAMETERS
from attribution.files.results.retraining import GROUP_KIND, GROUP_MASKS, GROUP_SHARE, OWN, TEST
from attribution.influence import points as influence
from attribution.numerics import solvers
from attribution.numerics.hessian import factor, hessian_sum
from attribution.numerics.residuals import cross_entropy, residuals
from attribution.retraining import convex, subsets
from attribution.retraining import predictions as removal
from attribution.retraining import retrain as retraining

COLUMNS = ["truth", "target", "share", "method", "metric", "value", "low", "high"]


def compare_removals(files: dict, l2s: list[float], groups: dict, path: str, table: str, attributes: dict) -> None:
    """Write removals.h5 (arrays for figures, one folder a truth) and removals.csv (agreement).

    Args:
        files: paths of `data`, `gradients`, `hessian` (last layer), and lists `leave_one_out`, `groups` of retrained
            networks by repetition.
        l2s: penalties of the convex truths. groups: settings of `subsets.groups`.

    The truths are `network`, the real one, and `convex-L2`. In each folder `one/own` (2, n) holds the true and the
    predicted change of every point's own loss when it leaves, `one/test` (2, n, m) those of the test points,
    `groups/own` and `groups/test` (1 + METHODS, g) the mean changes over the group and over the test set.
    """
    names_of_data = (X_TRAIN, Y_TRAIN, Y_TEST)
    x, y, y_test = hdf5.read(files["data"], *names_of_data)
    features, test_features, weights, decay, slope = hdf5.read(
        files["gradients"], FEATURES_TRAIN, FEATURES_TEST, PARAMETERS, DECAY,
        DECAY_GRADIENT,
    )  # fmt: skip
    n, labels, targets = len(y), np.concatenate([y, y_test]), np.concatenate([features, test_features])
    weights = weights.reshape(features.shape[1], -1)
    drawn = subsets.groups(x, y, **groups)
    arrays = {GROUP_SHARE: drawn.share, GROUP_KIND: drawn.kind.astype("S"), GROUP_MASKS: drawn.masks}
    rows = []

    def predict(w, penalty, penalty_slope, damping):
        """Changes of all targets' losses by influence, and by every method for groups."""
        logits = features @ w
        matrix = hessian_sum(features, logits) / n + np.diag(penalty)
        lower = factor(matrix, damping)
        r, r_targets = residuals(logits, y), residuals(targets @ w, labels)
        one = influence.all_pairs(targets, r_targets, features, r, lambda b: solvers.exact(lower, b)).T / n
        # the decay belongs to every point's loss, and leaves with it
        shift = influence.scores(targets, r_targets, solvers.exact(lower, penalty_slope[:, None]))[:, 0] / n
        one += shift
        several = removal.group_predictions(
            features, y, w, matrix, damping, penalty, penalty_slope, targets, labels, drawn.masks
        )
        return one, several

    def keep(truth, one, groups_true, one_predicted, groups_predicted):
        own = np.stack([np.diag(a[:, :n]) for a in (one, one_predicted)])
        test = np.stack([a[:, n:] for a in (one, one_predicted)])
        stacked = np.concatenate([groups_true[None], groups_predicted])
        group_own, group_test = removal.on_group_and_test(stacked, drawn.masks)
        arrays.update({f"{truth}/one/{OWN}": own, f"{truth}/one/{TEST}": test.astype(np.float32)})
        arrays.update({f"{truth}/groups/{OWN}": group_own, f"{truth}/groups/{TEST}": group_test})
        rows.extend(agreement_of_points(truth, "influence / n", own, test))
        rows.extend(agreement_of_groups(truth, group_own, group_test, drawn.share))

    hessian_facts = hdf5.attributes(files["hessian"])
    damping = hessian_facts["damping"]
    one, several = predict(weights, decay, slope, damping)
    again = [retraining.changes(path)[1] for path in files["leave_one_out"]]
    groups_again = [retraining.changes(path)[1] for path in files["groups"]]
    keep("network", again[0], groups_again[0], one, several)
    for other, other_groups in zip(again[1:], groups_again[1:], strict=True):
        own = np.stack([np.diag(a[:, :n]) for a in (again[0], other)])
        test = np.stack([a[:, n:] for a in (again[0], other)])
        rows += agreement_of_points("network", "trained again", own, test)
        pair = np.stack([groups_again[0], other_groups])
        rows += agreement_of_groups(
            "network", *removal.on_group_and_test(pair, drawn.masks), drawn.share, ["trained again"]
        )
    for l2 in l2s:
        optimum = convex.fit(features, y, weights, l2)
        start = cross_entropy(targets @ optimum, labels)
        masks = log.progress(np.concatenate([subsets.leave_one_out(n), drawn.masks]), f"refits with L2 {l2:g}")
        changed = removal.losses_at(convex.refits(features, y, optimum, l2, masks), targets, labels) - start
        flat = np.full(optimum.size, 2 * l2)
        one, several = predict(optimum, flat, 2 * l2 * optimum.ravel(), 0.0)
        keep(f"convex-{l2:g}", changed[:n], changed[n:], one, several)
    hdf5.write(path, arrays, attributes)
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
    truth: str, own: np.ndarray, test: np.ndarray, share: np.ndarray, methods: list | None = None
) -> list[list]:
    """Rows of the table for groups: correlations over all groups, and by share the median ratio and relative error.

    Args:
        own, test: (1 + methods, g), the true changes first. share: (g,) of the training set, rounded to whole percents.
    """
    rows, percent = [], np.round(100 * share)
    for target, changes in ((OWN, own), (TEST, test)):
        true = changes[0]
        for method, predicted in zip(methods or removal.METHODS, changes[1:], strict=True):
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


job.run(compare_removals, groups="params.groups", attributes=provenance.attributes)
