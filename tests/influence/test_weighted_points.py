"""Weights of classes in the last layer: a point of weight 2 is the point twice, and optima are scikit-learn's."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

import cache_hessian
import find_groups
import refit_without_named
from attribution.files import hdf5
from attribution.files.results import gradients as names
from attribution.groups import adaptive
from attribution.influence import inverse_files, removal_steps, rescaled
from attribution.influence import points as influence
from attribution.methods import base
from attribution.methods.run import Run
from attribution.numerics import hessian, residuals, solvers
from attribution.retraining import convex, convex_many, predictions, subsets
from attribution.training import class_weights
from attribution.workflow import registry
from known_run import GROUP

N, D = 36, 4
WEIGHTS = [1.0, 2.0, 3.0]
DAMPING = 1e-2
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


class Layer:
    """A last layer with C logits, its points, their weights, and each point as often as its weight says."""

    def __init__(self, columns: int, n: int = N):
        rng = np.random.default_rng(columns)
        self.h = np.column_stack([rng.normal(size=(n, D - 1)), np.ones(n)])
        self.theta = rng.normal(size=(D, columns))
        self.y = np.arange(n) % (3 if columns == 3 else 2)
        self.weights = class_weights.of_labels(self.y, WEIGHTS)
        self.twice = np.repeat(np.arange(n), self.weights.astype(int))

    @property
    def logits(self):
        return self.h @ self.theta

    def gradients(self):
        """(n, k), weighted, from the definition."""
        return influence.gradients(self.h, residuals.residuals(self.logits, self.y) * self.weights[:, None])

    def curvature(self, i):
        """(k, k) of one point, weighted, from the definition."""
        p = residuals.probabilities(self.logits)[i]
        inner = np.diag(p) - np.outer(p, p) if len(p) > 1 else p[None] * (1 - p)
        return self.weights[i] * np.kron(np.outer(self.h[i], self.h[i]), inner)


@pytest.fixture(params=[1, 3])
def layer(request):
    return Layer(request.param)


def test_weights_are_scikit_learns():
    y = np.array([0, 0, 0, 2, 2, 5] * 4)
    np.testing.assert_array_equal(class_weights.of_labels(y, "balanced"), compute_sample_weight("balanced", y))
    by_class = compute_class_weight("balanced", classes=np.unique(y), y=y)
    np.testing.assert_array_equal(class_weights.of_labels(y, "balanced")[[0, 3, 5]], by_class)
    # classes after those that are named count 1
    np.testing.assert_array_equal(class_weights.of_labels(y[:6], [2.0, 1.0, 0.5]), [2, 2, 2, 0.5, 0.5, 1])
    assert class_weights.of_labels(y, None) is None and class_weights.of_labels(y, []) is None


def test_hessians_are_those_of_repeated_points(layer):
    n, repeated = len(layer.y), layer.twice
    found = hessian.hessian_sum(layer.h, layer.logits, chunk_rows=7, weights=layer.weights)
    np.testing.assert_allclose(found, hessian.hessian_sum(layer.h[repeated], layer.logits[repeated]), **CLOSE)
    np.testing.assert_allclose(found, sum(layer.curvature(i) for i in range(n)), **CLOSE)
    trace = hessian.trace_closed_form(layer.h, layer.logits, rows=5, weights=layer.weights)
    assert trace * n == pytest.approx(np.trace(found), rel=1e-12)
    decay = np.linspace(0.1, 0.2, len(found))
    whole = found / n + np.diag(decay + DAMPING)
    product = solvers.last_layer_product(layer.h, layer.logits, decay, DAMPING, layer.weights)
    np.testing.assert_allclose(product(np.eye(len(found))), whole, **CLOSE)
    columns = layer.logits.shape[1]
    for c, lower in enumerate(hessian.block_preconditioner(layer.h, layer.logits, decay, DAMPING, layer.weights)):
        np.testing.assert_allclose(lower @ lower.T, whole[c::columns, c::columns], **CLOSE)


def test_weights_of_1_are_no_weights_to_the_bit(layer):
    ones, plain = np.ones(len(layer.y)), (layer.h, layer.logits)
    np.testing.assert_array_equal(hessian.hessian_sum(*plain, weights=ones), hessian.hessian_sum(*plain))
    np.testing.assert_array_equal(
        residuals.residuals(layer.logits, layer.y, ones), residuals.residuals(layer.logits, layer.y)
    )
    start = np.zeros_like(layer.theta)
    np.testing.assert_array_equal(
        convex.fit(layer.h, layer.y, start, 0.1, ones), convex.fit(layer.h, layer.y, start, 0.1)
    )


def test_removing_a_point_of_weight_2_is_removing_both_of_two(layer):
    members, repeated = np.array([1, 4, 7, 10]), layer.twice
    both = np.flatnonzero(np.isin(repeated, members))
    n, count = len(layer.y), len(repeated)
    nothing = np.zeros(layer.theta.size)

    def steps(rows, left, damping, weights):
        logits = layer.logits[rows]
        mean = hessian.hessian_sum(layer.h[rows], logits, weights=weights) / len(rows)
        return removal_steps.removal_steps(
            layer.h[rows], logits, layer.y[rows], left, mean, damping, nothing, nothing, twice=True, weights=weights
        )

    found = steps(np.arange(n), members, DAMPING, layer.weights)
    # sums are compared, so the means' damping is of as many points
    expected = steps(repeated, both, DAMPING * n / count, None)
    for name in ("first-order", "newton", "newton-twice"):
        np.testing.assert_allclose(found[name], expected[name], **CLOSE)
    g, h_group = layer.gradients()[members].sum(axis=0), sum(layer.curvature(i) for i in members)
    lower = hessian.factor(sum(layer.curvature(i) for i in range(n)) / n, DAMPING)
    rest = hessian.factor(sum(layer.curvature(i) for i in range(n) if i not in members), n * DAMPING)
    by_definition = removal_steps.of_group(lower, rest, h_group, g, n, len(members))
    for name, step in by_definition.items():
        np.testing.assert_allclose(found[name], step, **CLOSE)


def test_rescaled_influence_takes_out_a_points_weighted_curvature(layer):
    n, whole = len(layer.y), sum(layer.curvature(i) for i in range(len(layer.y))) / len(layer.y)
    damped = whole + DAMPING * np.eye(len(whole))
    own = rescaled.leverages(layer.h, np.linalg.inv(damped), layer.logits.shape[1])
    r = residuals.residuals(layer.logits, layer.y, layer.weights)
    alone = rescaled.residuals(layer.logits, r, own, n, layer.weights)
    for i in (0, 1, 5, 8):
        expected = np.linalg.solve(damped - layer.curvature(i) / n, layer.gradients()[i])
        found = np.linalg.solve(damped, influence.gradients(layer.h[[i]], alone[[i]])[0])
        np.testing.assert_allclose(found, expected, **CLOSE)


def test_a_refit_is_scikit_learns_with_class_weight(layer, monkeypatch):
    n, l2 = len(layer.y), 1e-2

    def theirs(rows, class_weight):
        fit = LogisticRegression(C=1 / (2 * len(rows) * l2), fit_intercept=False, tol=1e-12, max_iter=10_000,
                                 class_weight=class_weight)  # fmt: skip
        return fit.fit(layer.h[rows], layer.y[rows]).coef_.T

    whole = np.arange(n)
    named = dict(enumerate(WEIGHTS[: layer.y.max() + 1]))
    optimum = convex.fit(layer.h, layer.y, np.zeros_like(layer.theta), l2, layer.weights)
    np.testing.assert_allclose(optimum, theirs(whole, named), rtol=1e-5, atol=1e-6)
    balanced = class_weights.of_labels(layer.y[5:], "balanced")
    np.testing.assert_allclose(
        convex.fit(layer.h[5:], layer.y[5:], optimum, l2, balanced), theirs(whole[5:], "balanced"), rtol=1e-5, atol=1e-6
    )
    # many at once: far from the optimum of all points as well
    masks = np.stack([~np.isin(whole, left) for left in ([3], [1, 2, 4, 7], range(24))])
    many = convex_many.refits(layer.h, layer.y, optimum, l2, masks, point_weights=layer.weights)
    one_by_one = convex.refits(layer.h, layer.y, optimum, l2, masks, layer.weights)
    for mask, found, other in zip(masks, many, one_by_one, strict=True):
        np.testing.assert_allclose(found, theirs(np.flatnonzero(mask), named), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(other, found, rtol=1e-7, atol=1e-9)
        # and that of the points as often as they weigh, the penalty by their number
        rows = layer.twice[mask[layer.twice]]
        repeated = convex.fit(layer.h[rows], layer.y[rows], optimum, l2 * mask.sum() / len(rows))
        np.testing.assert_allclose(found, repeated, rtol=1e-7, atol=1e-9)
    # and those whose optimum is too far for the Hessians that many share
    monkeypatch.setattr(convex_many, "MAX_STEPS", 0)
    far = convex_many.refits(layer.h, layer.y, optimum, l2, masks, point_weights=layer.weights)
    np.testing.assert_allclose(far, one_by_one, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("columns", [1, 3])
def test_each_prediction_is_of_the_refitted_weighted_objective(columns):
    layer = Layer(columns, 150)
    n, l2 = len(layer.y), 1e-2
    layer.theta = convex.fit(layer.h, layer.y, np.zeros_like(layer.theta), l2, layer.weights)
    tests = Layer(columns, 60)
    flat = np.full(layer.theta.size, 2 * l2)
    asked = predictions.LastLayer(
        layer.h, layer.y, layer.theta, flat, 2 * l2 * layer.theta.ravel(), 0.0, tests.h, tests.y, layer.weights
    )
    whole = sum(layer.curvature(i) for i in range(n)) / n + np.diag(flat)
    for i in (1, 4, 5, 9):
        alone = np.linalg.solve(whole - layer.curvature(i) / n, layer.gradients()[i])
        alone += np.linalg.solve(whole, 2 * l2 * layer.theta.ravel())
        np.testing.assert_allclose(asked.steps(np.array([i]), "rescaled")["rescaled"], alone / n, rtol=1e-7, atol=1e-12)
    masks = subsets.leave_one_out(n)[::5]
    refitted = convex.refits(layer.h, layer.y, layer.theta, l2, masks, layer.weights)
    true = predictions.losses_at(refitted, tests.h, tests.y)
    # test losses are not weighted
    true -= residuals.cross_entropy(tests.h @ layer.theta, tests.y)
    for name, close in (("influence-over-n", 0.15), ("first-order", 0.15), ("rescaled", 0.05), ("newton", 0.05),
                        ("newton-re-evaluated", 0.02), ("newton-twice-re-evaluated", 5e-3)):  # fmt: skip
        found = base.resolve(registry.METHODS[name]).changes(asked, subsets.left_out(masks))
        assert np.linalg.norm(found - true) < close * np.linalg.norm(true), name
        # where a point of the largest weight leaves and where one of weight 1 does
        for label in (0, layer.y.max()):
            rows = layer.y[::5] == label
            assert np.linalg.norm((found - true)[rows]) < 2 * close * np.linalg.norm(true[rows]), (name, label)


@pytest.fixture
def stored(tmp_path):
    """The layer of three classes, at its weighted optimum, as gradients.h5 and hessian.h5 of both solvers."""
    layer = Layer(3, 60)
    layer.theta = convex.fit(layer.h, layer.y, np.zeros_like(layer.theta), 1e-2, layer.weights)
    decay = np.full(layer.theta.size, 2e-2)
    slope = decay * layer.theta.ravel()
    arrays = {names.PARAMETERS: layer.theta.ravel(), names.DECAY: decay, names.DECAY_GRADIENT: slope,
              names.POINT_WEIGHTS: layer.weights}  # fmt: skip
    for part, rows in (("train", slice(None)), ("test", slice(0, 12))):
        own = layer.weights if part == "train" else None
        arrays |= {f"features_{part}": layer.h[rows], f"logits_{part}": layer.logits[rows],
                   f"residuals_{part}": residuals.residuals(layer.logits[rows], layer.y[rows], own)}  # fmt: skip
    files = {"gradients": str(tmp_path / "gradients.h5"), "data": str(tmp_path / "data.h5")}
    hdf5.write(files["gradients"], arrays, {})
    x = layer.h[:, :-1]
    data = {"x_train": x, "y_train": layer.y, "subgroup_train": layer.y, "x_test": x[:12], "y_test": layer.y[:12],
            "index_train": np.arange(60), "index_test": np.arange(60, 72)}  # fmt: skip
    hdf5.write(files["data"], data, {"class_names": ["a", "b", "c"], "subgroup_names": ["a", "b", "c"],
                                     "rows_train": 60})  # fmt: skip
    for solver in ("exact", "cg"):
        path = str(tmp_path / f"{solver}.h5")
        cache_hessian.cache_hessian(files, "last_layer", solver, 64, {"mode": "relative", "value": 1e-3}, path, {})
    matrix = sum(layer.curvature(i) for i in range(60)) / 60 + np.diag(decay)
    return layer, files, tmp_path, matrix


@pytest.mark.parametrize("solver", ["exact", "cg"])
def test_the_stored_inverse_is_of_the_weighted_hessian(stored, solver):
    _, files, folder, matrix = stored
    path = str(folder / f"{solver}.h5")
    facts = hdf5.attributes(path)
    assert facts["damping"] == pytest.approx(1e-3 * np.trace(matrix) / len(matrix), rel=1e-9)
    solve = inverse_files.open_inverse(files | {"hessian": path}, {"tolerance": 1e-12, "max_iterations": 500})
    damped = matrix + facts["damping"] * np.eye(len(matrix))
    b = np.random.default_rng(0).normal(size=(len(matrix), 3))
    np.testing.assert_allclose(solve(b), np.linalg.solve(damped, b), rtol=1e-7, atol=1e-9)


def run_of(stored):
    _, files, folder, _ = stored
    files = files | {"hessian": str(folder / "exact.h5")}
    return Run(files, {"influence.cg": {}, "class_weights": WEIGHTS, "curvature.damping": {
        "mode": "absolute", "value": 1e-2}, "influence.matrix_gb": 1.0})  # fmt: skip


def test_methods_of_a_run_read_weighted_factors(stored):
    layer, _, folder, matrix = stored
    run, targets = run_of(stored), np.array([0, 4, 8])
    np.testing.assert_array_equal(run.point_weights, layer.weights)
    g, damped = layer.gradients(), matrix + hdf5.attributes(folder / "exact.h5")["damping"] * np.eye(len(matrix))
    np.testing.assert_allclose(
        base.resolve(registry.METHODS["last-layer"]).pairs(run, targets) * 60,
        g[targets] @ np.linalg.solve(damped, g.T), rtol=1e-8, atol=1e-10,
    )  # fmt: skip
    alone = [np.linalg.solve(damped - layer.curvature(i) / 60, g[i]) for i in range(60)]
    np.testing.assert_allclose(
        base.resolve(registry.METHODS["last-layer-rescaled"]).pairs(run, targets) * 60, g[targets] @ np.array(alone).T,
        rtol=1e-8, atol=1e-10,
    )  # fmt: skip
    own = sum(layer.curvature(i) for i in range(60)) / 60 + 1e-2 * np.eye(len(matrix))
    np.testing.assert_allclose(
        base.resolve(registry.METHODS["last-layer-damped"]).pairs(run, targets) * 60,
        g[targets] @ np.linalg.solve(own, g.T), rtol=1e-8, atol=1e-10,
    )  # fmt: skip
    # derivatives of a training point's own term, as often as the point counts
    plain = residuals.residuals(layer.logits[targets], layer.y[targets])
    np.testing.assert_allclose(run.slopes(layer.logits[targets], targets), plain * layer.weights[targets, None])


def test_representer_points_add_up_to_the_weighted_optimum(stored):
    layer = stored[0]
    run = Run(stored[1] | {"hessian": str(stored[2] / "exact.h5")}, {"class_weights": WEIGHTS}, tested=True)
    # the penalty of the run, 2 l2 in its Hessian, is that of its optimum, whose logits are then explained in full
    shares = base.resolve(registry.METHODS["representer"]).pairs(run, np.arange(12))
    expected = (residuals.margin_gradients(layer.logits[:12], layer.y[:12]) * layer.logits[:12]).sum(axis=1)
    np.testing.assert_allclose(shares.sum(axis=1), expected, rtol=1e-6, atol=1e-8)


def test_adaptive_groups_move_by_the_weighted_objective(stored):
    layer, files, folder, matrix = stored
    damping, n, starts = hdf5.attributes(folder / "exact.h5")["damping"], 60, range(0, 60, 4)
    decay = np.full(layer.theta.size, 2e-2)
    slope, g = decay * layer.theta.ravel(), layer.gradients()
    ends = {
        direction: adaptive.grow(
            layer.h, layer.y, layer.theta, decay, slope, damping, [[start] for start in starts], 2, "influence",
            direction, np.arange(n, dtype=np.uint64), point_weights=layer.weights,
        ) for direction in ("max", "min")
    }  # fmt: skip
    white = np.linalg.solve(np.linalg.cholesky(matrix + damping * np.eye(len(matrix))), g.T)
    for place, start in enumerate(starts):
        without = n * matrix - layer.curvature(start) - np.diag(decay) + n * damping * np.eye(len(matrix))
        moved = Layer(3, n)
        moved.theta = layer.theta + np.linalg.solve(without, g[start] + slope).reshape(layer.theta.shape)
        left = sum(moved.curvature(i) for i in range(n) if i != start) / (n - 1) + np.diag(decay + damping)
        scores = moved.gradients() @ np.linalg.solve(left, moved.gradients()[start])
        others = np.delete(np.arange(n), start)
        # points that help most are of the start's class and weight, those that harm most of several
        assert ends["max"][place].members[1] == others[np.argmax(scores[others])]
        assert ends["min"][place].members[1] == others[np.argmin(scores[others])]
        for group in (ends["max"][place], ends["min"][place]):
            summed = white[:, group.members].sum(axis=1)
            np.testing.assert_allclose(group.normalised_influence[1], (summed**2).sum() / 2, rtol=1e-8)
    # the job takes the weights from the file
    own, norm = influence.self_influence(
        layer.h, residuals.residuals(layer.logits, layer.y, layer.weights),
        lambda b: np.linalg.solve(matrix + damping * np.eye(len(matrix)), b),
    )  # fmt: skip
    hdf5.write(folder / "influence.h5", {"self_influence": own, "step_norm": norm}, {})
    files = files | {"hessian": str(folder / "exact.h5"), "influence": str(folder / "influence.h5")}
    group = GROUP | {"adaptive": True, "rule": "influence", "direction": "min", "seeds": list(starts), "size": 2}
    solve = inverse_files.open_inverse(files, {})
    find_groups.find_groups(files, solve, group, ["a", "b", "c"], folder / "groups.h5", {})
    written = hdf5.read(folder / "groups.h5", *(f"{start}/members" for start in starts))
    np.testing.assert_array_equal(written, [group.members for group in ends["min"]])


def test_named_points_leave_the_weighted_objective(stored):
    layer, files, folder, _ = stored
    outputs = [folder / "named_removal.csv", folder / "named_removal_draws.csv"]
    refit_without_named.refit_without_named(
        files["data"], files["gradients"], None, None, [1, 4, 7], 3, 0, 1e-2, 0.9, outputs
    )
    found = pd.read_csv(outputs[0]).set_index(["class", "control"]).loc[("all", "random")]
    kept = ~np.isin(np.arange(60), [1, 4, 7])
    fit = LogisticRegression(C=1 / (2 * 57e-2), fit_intercept=False, tol=1e-12, max_iter=10_000,
                             class_weight=dict(enumerate(WEIGHTS)))  # fmt: skip
    fit.fit(layer.h[kept], layer.y[kept])
    after = residuals.cross_entropy(layer.h[:12] @ fit.coef_.T, layer.y[:12]).mean()
    assert found.after == pytest.approx(after, rel=1e-5)
    assert found.before == pytest.approx(residuals.cross_entropy(layer.logits[:12], layer.y[:12]).mean(), rel=1e-9)
