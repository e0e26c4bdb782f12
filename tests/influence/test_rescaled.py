"""Rescaled influence: the exact downdate of the Hessian, and leave-one-out; methods of the last layer."""

from types import SimpleNamespace

import numpy as np
import pytest

from attribution.files import hdf5
from attribution.influence import points as influence
from attribution.influence import rescaled
from attribution.methods.influence.last_layer import LastLayer
from attribution.methods.influence.last_layer_rescaled import LastLayerRescaled
from attribution.methods.influence.representer import Representer, penalty
from attribution.numerics import hessian, residuals, solvers
from attribution.retraining import convex, subsets

N, TESTS, L2 = 60, 9, 2e-3


@pytest.fixture(params=[1, 4])
def problem(request):
    """A last layer at its optimum, and the damped inverse of its mean Hessian; few points, so that each has weight."""
    rng = np.random.default_rng(0)
    d, c = 4, request.param
    features = np.concatenate([2 * rng.normal(size=(N + TESTS, d - 1)), np.ones((N + TESTS, 1))], axis=1)
    labels = rng.integers(0, max(c, 2), N + TESTS)
    x, y = features[:N], labels[:N]
    optimum = convex.fit(x, y, np.zeros((d, c)), L2)
    matrix = hessian.hessian_sum(x, x @ optimum) / N + 2 * L2 * np.eye(optimum.size)
    lower = hessian.factor(matrix, 0.0)
    logits = features @ optimum
    queried = SimpleNamespace(
        features=features[N:],
        labels=labels[N:],
        logits=logits[N:],
        residuals=-residuals.margin_gradients(logits[N:], labels[N:]),
    )
    return SimpleNamespace(
        features=x,
        labels=y,
        logits=logits[:N],
        residuals=residuals.residuals(logits[:N], y),
        solve=lambda b: solvers.exact(lower, b),
        queried=queried,
        point_weights=None,
        optimum=optimum,
        matrix=matrix,
    )


def true_changes(run):
    """(tests, n) margin with all points less that without each, the mean of the loss over the others divided by n."""
    before = residuals.margins(run.queried.logits, run.queried.labels)
    found = []
    for mask in subsets.leave_one_out(N):
        # divisor n: the penalty weighs n / (n - 1) of it beside a mean over n - 1
        weights = convex.fit(run.features[mask], run.labels[mask], run.optimum, L2 * N / (N - 1))
        found.append(before - residuals.margins(run.queried.features @ weights, run.queried.labels))
    return np.stack(found, axis=1)


def test_it_is_the_exact_downdate_of_the_hessian(problem):
    run = problem
    c = run.logits.shape[1]
    own = rescaled.leverages(run.features, rescaled.inverse(run.solve, run.optimum.size), c, chunk=7)
    changed = rescaled.residuals(run.logits, run.residuals, own, N)
    found = run.solve(influence.gradients(run.features, changed).T)
    for place in range(N):
        h, logits = run.features[place : place + 1], run.logits[place : place + 1]
        without = run.matrix - hessian.hessian_sum(h, logits) / N
        expected = np.linalg.solve(without, influence.gradients(h, run.residuals[place : place + 1])[0])
        np.testing.assert_allclose(found[:, place], expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())
    assert np.abs(found - run.solve(influence.gradients(run.features, run.residuals).T)).max() > 0.1


def test_methods_estimate_the_change_of_the_margin_and_rescaled_its_size(problem):
    run, targets = problem, np.array([4, 0, 7])
    true = true_changes(run)[targets]
    slopes = {}
    for method in (LastLayer(), LastLayerRescaled()):
        found = method.pairs(run, targets)
        assert method.unit == "margin" and found.shape == (3, N)
        assert np.corrcoef(found.ravel(), true.ravel())[0, 1] > 0.97
        slopes[type(method)] = (found * true).sum() / (found**2).sum()
    assert abs(slopes[LastLayerRescaled] - 1) < 0.06 < slopes[LastLayer] - 1


def test_leave_one_out_that_is_not_defined_is_refused(problem):
    run, c = problem, problem.logits.shape[1]
    inverse = rescaled.inverse(run.solve, run.optimum.size)
    with pytest.raises(ValueError, match="without training point 0 is not positive definite; raise influence"):
        own = rescaled.leverages(run.features, inverse * (1e4 if c == 1 else 30), c)
        rescaled.residuals(run.logits[:1], run.residuals[:1], own[:1], 1)


def test_representer_points_add_up_to_the_margins_of_the_optimum(problem, tmp_path):
    """Logits are sums over training points; the margin's gradient applied to the logits is what the scores sum to."""
    run, k = problem, problem.optimum.size
    elsewhere = run.optimum + 1
    decay = np.full(k, 2 * L2)
    hdf5.write(tmp_path / "gradients.h5", {"parameters": elsewhere.ravel(), "decay": decay}, {})
    hdf5.write(tmp_path / "hessian.h5", {}, {"damping": 0.7})
    run.files = {name: tmp_path / f"{name}.h5" for name in ("gradients", "hessian")}
    targets = np.array([3, 8])
    found = Representer().pairs(run, targets)
    weighed = -(run.queried.residuals * run.queried.logits).sum(axis=1)[targets]
    np.testing.assert_allclose(found.sum(axis=1), weighed, rtol=1e-6)
    if run.logits.shape[1] == 1:
        margins = residuals.margins(run.queried.logits, run.queried.labels)[targets]
        np.testing.assert_allclose(found.sum(axis=1), margins, rtol=1e-6)
    alike = run.queried.features[targets] @ run.features.T
    expected = alike * (run.queried.residuals[targets] @ run.residuals.T) / (2 * L2 * N)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)


def test_the_penalty_is_the_runs_own_or_the_damping():
    assert penalty(np.array([0.0, 0.2, 0.0]), 0.5) == 0.1
    assert penalty(np.zeros(3), 0.5) == 0.25
    with pytest.raises(ValueError, match=r"influence\.damping is 0"):
        penalty(np.zeros(3), 0.0)
