"""Predicted falls of margins without groups: sums of influence where they must be, and their own curvature beyond."""

import keras
import numpy as np
import pytest

from attribution.files import hdf5
from attribution.influence import points, removal_all_layers, removal_steps
from attribution.methods import base
from attribution.methods.run import Run
from attribution.networks import build
from attribution.numerics import residuals
from attribution.workflow import registry

N, M = 36, 8
SETTINGS = {
    "curvature.precision": "float64", "curvature.factors": "plain", "influence.batch_size": 16,
    "curvature.damping": {"mode": "kernel", "value": 3.0, "targets": 2}, "influence.matrix_gb": 1.0,
    "curvature.cg": {"tolerance": 1e-12, "max_iterations": 400}, "influence.cg": {}, "unrolled.betas": [10.0],
}  # fmt: skip
TARGETS = np.array([1, 4, 6])


def method(name):
    return base.resolve(registry.METHODS[name])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A network of two layers without penalties, three classes."""
    folder, rng = tmp_path_factory.mktemp("run"), np.random.default_rng(0)
    x, y = rng.normal(size=(N + M, 3)).astype(np.float32), np.arange(N + M) % 3
    model = build.build({"architecture": "mlp", "hidden": [5], "dropout": 0.0, "l1": 0.0, "l2": 0.0}, (3,), 3, 0)
    model.save(folder / "model.keras")
    arrays = {"x_train": x[:N], "y_train": y[:N], "x_test": x[N:], "y_test": y[N:]}
    hdf5.write(folder / "data.h5", arrays, {"class_names": ["a", "b", "c"]})
    files = {"data": folder / "data.h5", "model": folder / "model.keras"}
    return Run(files, SETTINGS, tested=True)


def test_first_order_of_single_points_is_gauss_newton_s_influence(run):
    alone = ~np.eye(N, dtype=bool)
    pairs = method("gauss-newton").pairs(run, TARGETS)
    found = method("first-order-all-layers").falls(run, TARGETS, alone)
    np.testing.assert_allclose(found, pairs.T, rtol=1e-6, atol=1e-10)


def test_groups_add_up_to_first_order_and_bend_by_the_others(run):
    kept = np.ones((2, N), dtype=bool)
    kept[0, :9] = kept[1, 5:6] = False
    pairs = method("gauss-newton").pairs(run, TARGETS)
    found = {name: method(name).falls(run, TARGETS, kept) for name in registry.METHODS if "all-layers" in name}
    np.testing.assert_allclose(found["first-order-all-layers"], (~kept) @ pairs.T, rtol=1e-6, atol=1e-10)
    # a single point's Newton step is its rescaled step
    np.testing.assert_allclose(found["newton-all-layers"][1], found["rescaled-all-layers"][1], rtol=1e-8)
    assert np.abs(found["newton-all-layers"][0] / found["rescaled-all-layers"][0] - 1).max() > 1e-3
    for name in ("first-order", "second-order", "rescaled", "newton"):
        linear, itself = found[f"{name}-all-layers"], found[f"{name}-all-layers-re-evaluated"]
        assert np.abs(linear - itself).max() > 1e-6 and np.corrcoef(linear.ravel(), itself.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("evaluated", [False, True])
def test_falls_of_one_layer_are_those_of_the_last_layer(evaluated):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(N, 3)), rng.integers(0, 3, N)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, dtype="float64")])
    weights = np.concatenate([model.weights[0], model.weights[1][None]])
    kept = np.ones((1, N), dtype=bool)
    kept[0, 3:11] = False
    found = removal_all_layers.margin_falls(model, x, y, 0.1, x[:5], y[:5], kept, 16, "newton", evaluated)
    features = np.concatenate([x, np.ones((N, 1))], axis=1)
    logits = features @ weights
    full = [np.kron(np.outer(h, h), np.diag(p) - np.outer(p, p)) for h, p in zip(
        features, residuals.probabilities(logits), strict=True)]  # fmt: skip
    g = points.gradients(features, residuals.residuals(logits, y))[3:11].sum(axis=0)
    rest = sum(full) - sum(full[3:11]) + 0.1 * N * np.eye(12)
    step = np.linalg.solve(rest, g)
    expected = removal_steps.margin_falls(features[:5], y[:5], weights, step, evaluated)
    np.testing.assert_allclose(found[0], expected, rtol=1e-7)
    moved = residuals.margins(features[:5] @ (weights + step.reshape(4, 3)), y[:5])
    change = residuals.margins(logits[:5], y[:5]) - moved
    # a small part of the step is linear
    small = removal_steps.margin_falls(features[:5], y[:5], weights, 1e-6 * step, True)
    linear = removal_steps.margin_falls(features[:5], y[:5], weights, 1e-6 * step, False)
    np.testing.assert_allclose(small, linear, rtol=1e-4, atol=1e-14)
    if evaluated:
        np.testing.assert_allclose(found[0], change, rtol=1e-9)


def test_large_networks_are_refused(run):
    small = Run(run.files, SETTINGS | {"influence.matrix_gb": 1e-6}, tested=True)
    with pytest.raises(ValueError, match=r"take methods that end in all-layers out of methods.group_removals"):
        method("newton-all-layers").falls(small, TARGETS, ~np.eye(N, dtype=bool))
