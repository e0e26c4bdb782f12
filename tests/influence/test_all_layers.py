"""Gradients and Hessian in all parameters: finite differences, the closed form's block, solvers."""

import keras
import numpy as np
import pytest

from attribution.costs import stages
from attribution.files import hdf5
from attribution.influence import all_layers, all_layers_files, features
from attribution.networks import build as models
from attribution.networks import penalties, precision
from attribution.numerics import hessian, solvers
from attribution.numerics.residuals import cross_entropy, residuals

pytestmark = pytest.mark.slow

CLOSED_FORM = 1e-9
FINITE_DIFFERENCE = 1e-5


@pytest.fixture(params=[2, 3])
def network(request):
    recipe = {"architecture": "mlp", "hidden": [5, 4], "dropout": 0.3, "l1": 0.0, "l2": 0.01}
    model = precision.in_float64(models.build(recipe, (2,), request.param, 0))
    rng = np.random.default_rng(0)
    return model, rng.normal(size=(23, 2)), rng.integers(0, request.param, 23)


def mean_loss(model, theta, x, y):
    start = 0
    for variable in model.trainable_variables:
        size = int(np.prod(variable.shape))
        variable.assign(theta[start : start + size].reshape(variable.shape))
        start += size
    return cross_entropy(keras.ops.convert_to_numpy(model(x, training=False)), y).mean()


def test_derivatives_equal_finite_differences_and_the_closed_form(network):
    model, x, y = network
    theta, decay, slope = penalties.derivatives(model.trainable_variables)
    logits, g = all_layers.gradients(model, x, y, batch=7)
    np.testing.assert_allclose(g, all_layers.gradients(model, x, y, batch=23)[1], rtol=CLOSED_FORM, atol=1e-14)
    h = all_layers.hessian(model, x, y, batch=7, columns=10)
    v = np.random.default_rng(1).normal(size=(len(theta), 3))
    np.testing.assert_allclose(all_layers.hessian_product(model, x, y, 23)(v), h @ v, rtol=1e-8, atol=1e-12)
    # the last layer's block, whose parameters are the last D C ones: kernel, then bias
    f = features.extended_features(model, x, 23)
    closed = hessian.hessian_sum(f, logits) / len(x)
    np.testing.assert_allclose(h[-len(closed) :, -len(closed) :], closed, rtol=CLOSED_FORM, atol=1e-13)
    factored = (f[:, :, None] * residuals(logits, y)[:, None]).reshape(len(x), -1)
    np.testing.assert_allclose(g[:, -len(closed) :], factored, rtol=CLOSED_FORM, atol=1e-14)
    _, last_decay, last_slope = features.last_layer_parameters(model)
    np.testing.assert_allclose(decay[-len(closed) :], last_decay, rtol=1e-6)
    np.testing.assert_allclose(slope[-len(closed) :], last_slope, rtol=1e-6)
    eps = 1e-5
    for j in range(0, len(theta), 3):
        step = eps * np.eye(len(theta))[j]
        numeric = (mean_loss(model, theta + step, x, y) - mean_loss(model, theta - step, x, y)) / (2 * eps)
        assert g.mean(axis=0)[j] == pytest.approx(numeric, rel=FINITE_DIFFERENCE, abs=1e-9)
        mean_loss(model, theta + step, x, y)
        above = all_layers.gradients(model, x, y, 23)[1].mean(axis=0)
        mean_loss(model, theta - step, x, y)
        below = all_layers.gradients(model, x, y, 23)[1].mean(axis=0)
        np.testing.assert_allclose(h[:, j], (above - below) / (2 * eps), rtol=FINITE_DIFFERENCE, atol=1e-8)


def test_conjugate_gradients_equal_the_factor(network):
    model, x, y = network
    h = all_layers.hessian(model, x, y, 23)
    product = all_layers.hessian_product(model, x, y, 23)
    assert all_layers.smallest_eigenvalue(product, len(h)) == pytest.approx(np.linalg.eigvalsh(h)[0], rel=CLOSED_FORM)
    # ReLU: every logit is linear in each single parameter
    assert all_layers.gauss_newton_trace(model, x, 7) == pytest.approx(np.trace(h), rel=CLOSED_FORM)
    added = hessian.damping_value("floor", 0.1, float(np.trace(h)), len(h), hessian.smallest_eigenvalue(h))
    b = np.random.default_rng(1).normal(size=(len(h), 4))
    diagonal = (all_layers.gradients(model, x, y, 23)[1] ** 2).mean(axis=0)[:, None] + added
    found = solvers.conjugate_gradients(lambda v: product(v) + added * v, b, lambda r: r / diagonal, 1e-10, 2000)
    np.testing.assert_allclose(found.x, solvers.exact(hessian.factor(h, added), b), rtol=1e-6, atol=1e-7)


def test_a_certain_point_has_a_gradient(network):
    model, x, y = network
    kernel, bias = models.last_dense(model).get_weights()
    models.last_dense(model).set_weights([100 * kernel, bias])
    logits, g = all_layers.gradients(model, x, y, 23)
    assert (np.linalg.norm(g, axis=1) > 0).all()
    assert np.abs(logits).max() > 30


def test_a_hessian_that_cannot_fit_is_refused_with_what_does_before_it_starts(tmp_path, monkeypatch):
    """95 503 parameters: four matrices of them are 292 GB, and conjugate gradients keep the Jacobian alone."""
    recipe = {"architecture": "mlp", "hidden": [300, 250], "dropout": 0.0, "l1": 0.0, "l2": 0.0}
    model = models.build(recipe, (64,), 3, 0)
    x, y = np.ones((30, 64)), np.arange(30) % 3
    files = {name: tmp_path / f"{name}.h5" for name in ("data", "gradients")} | {"model": tmp_path / "model.keras"}
    model.save(files["model"])
    hdf5.write(files["data"], {"x_train": x, "y_train": y}, {})
    hdf5.write(files["gradients"], {"decay": np.zeros(95_503)}, {})
    damping = {"mode": "floor", "value": 0.01}
    monkeypatch.setattr(stages, "available_memory", lambda: 24 << 30)
    remedy = "; set influence.solver to cg, or set the study's scope to last_layer$"
    with pytest.raises(
        MemoryError, match=rf"^Hessian in all layers needs 27\d.* GiB .*k 95503.*24.00 GiB are available{remedy}"
    ):
        all_layers_files.hessian_arrays(files, "exact", 16, damping)
    monkeypatch.setattr(stages, "available_memory", lambda: 700 << 20)
    with pytest.raises(MemoryError, match=r"available; set the study's scope to last_layer$"):
        all_layers_files.hessian_arrays(files, "cg", 16, damping)
    with pytest.raises(MemoryError, match=r"^gradients in all layers needs .*; lower influence.batch_size, take fewer"):
        all_layers_files.gradient_arrays(model, x, y, x, y, 16)
