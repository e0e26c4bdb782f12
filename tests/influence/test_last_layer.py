"""Last-layer numerics on closed forms, finite differences and invariances."""

import numpy as np
import pytest

from attribution.groups import greedy
from attribution.influence import points as influence
from attribution.influence import removal_steps as group_influence
from attribution.numerics import hessian, residuals, solvers

RELATIVE = 1e-9


@pytest.fixture(params=[1, 3])
def problem(request):
    rng = np.random.default_rng(0)
    n, d, c = 60, 5, request.param
    features = np.concatenate([rng.normal(size=(n, d - 1)), np.ones((n, 1))], axis=1)
    weights = rng.normal(size=(d, c))
    labels = rng.integers(0, max(2, c), n)
    return features, weights, labels


def test_hessian_is_the_derivative_of_the_gradient(problem):
    features, weights, labels = problem

    def gradient(w):
        return (features.T @ residuals.residuals(features @ w.reshape(weights.shape), labels)).ravel()

    h = hessian.hessian_sum(features, features @ weights)
    eps = 1e-6
    for j in range(weights.size):
        e = np.zeros(weights.size)
        e[j] = eps
        numeric = (gradient(weights.ravel() + e) - gradient(weights.ravel() - e)) / (2 * eps)
        np.testing.assert_allclose(h[:, j], numeric, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(
        hessian.hessian_sum(features, features @ weights, chunk_rows=7), h, rtol=RELATIVE, atol=1e-12
    )
    assert np.isclose(hessian.trace_closed_form(features, features @ weights), np.trace(h) / len(features))


def test_cg_equals_exact(problem, capsys):
    features, weights, _ = problem
    logits = features @ weights
    decay = np.full(weights.size, 0.01)
    damping = 1e-3
    h = hessian.hessian_sum(features, logits) / len(features) + np.diag(decay)
    b = np.random.default_rng(1).normal(size=(weights.size, 4))
    blocks = hessian.block_preconditioner(features, logits, decay, damping)
    cg = solvers.conjugate_gradients(
        solvers.last_layer_product(features, logits, decay, damping), b, solvers.block_inverse(blocks), 1e-10, 200
    )
    np.testing.assert_allclose(cg.x, solvers.exact(hessian.factor(h, damping), b), rtol=1e-6, atol=1e-9)
    assert (cg.residual <= 1e-9).all() and (cg.iterations > 0).all()
    assert solvers.recorded(cg) is cg.x
    assert f"4 right-hand sides, at most {cg.iterations.max()} iterations" in capsys.readouterr().out


def test_residual_of_a_certain_point_is_not_zero():
    close = {"rel": RELATIVE, "abs": 0}
    assert residuals.residuals(np.array([[80.0]]), np.array([1]))[0, 0] == pytest.approx(-np.exp(-80.0), **close)
    certain = residuals.residuals(np.array([[80.0, 0.0, 0.0]]), np.array([0]))
    assert certain[0, 0] == pytest.approx(-2 * np.exp(-80.0), **close)
    assert certain[0, 1:].sum() == pytest.approx(2 * np.exp(-80.0), **close)


def test_unit_residuals_are_residuals_of_length_one_however_certain(problem):
    features, weights, labels = problem
    logits = features @ weights
    r = residuals.residuals(logits, labels)
    expected = r / np.linalg.norm(r, axis=1, keepdims=True)
    np.testing.assert_allclose(residuals.unit_residuals(logits, labels), expected, rtol=RELATIVE)
    certain = residuals.unit_residuals(1e4 * logits, labels)
    np.testing.assert_allclose(np.linalg.norm(certain, axis=1), 1.0, rtol=RELATIVE)


def test_factor_says_which_damping_would_do():
    with pytest.raises(ValueError, match="smallest eigenvalue is -1"):
        hessian.factor(np.diag([1.0, -1.0]), 0.5)


def grown(features, r, keys, rule, **options):
    h = hessian.hessian_sum(features, options.pop("logits")) / len(features)
    lower = hessian.factor(h, 1e-3)
    own, norm = influence.self_influence(features, r, lambda b: solvers.exact(lower, b), chunk=7)
    return greedy.grow(
        features, r, lambda b: solvers.exact(lower, b), own, norm,
        rule=rule, keys=keys, **{"direction": "max", "size": 12, **options},
    )  # fmt: skip


@pytest.mark.parametrize("rule", greedy.RULES)
def test_greedy_follows_a_permutation_and_matches_brute_force(problem, rule):
    features, weights, labels = problem
    logits, r = features @ weights, residuals.residuals(features @ weights, labels)
    keys = greedy.tie_keys(features, labels, 0)
    group = grown(features, r, keys, rule, seeds=[[3], [8, 1]], logits=logits)
    order = np.random.default_rng(2).permutation(len(features))
    place = np.argsort(order)
    permuted = grown(
        features[order], r[order], keys[order], rule, seeds=[[place[3]], [place[8], place[1]]], logits=logits[order]
    )
    for a, b in zip(group, permuted, strict=True):
        np.testing.assert_array_equal(a.members, order[b.members])
    lower = hessian.factor(hessian.hessian_sum(features, logits) / len(features), 1e-3)
    k = influence.all_pairs(features, r, features, r, lambda b: solvers.exact(lower, b), chunk=7)
    np.testing.assert_allclose(k, k.T, rtol=1e-8, atol=1e-8)
    for g in group:
        expected = [k[np.ix_(g.members[:s], g.members[:s])].sum() / s for s in range(1, 13)]
        np.testing.assert_allclose(g.normalised_influence, expected, rtol=1e-8)
    if rule == "objective":
        outside = [x for x in range(len(features)) if x != 3]
        gain = [k[np.ix_([3, x], [3, x])].sum() for x in outside]
        assert group[0].members[1] == outside[int(np.argmax(gain))]


def test_newton_beats_second_order_beats_first_on_a_convex_refit():
    rng = np.random.default_rng(3)
    n, d, l2 = 200, 4, 1e-2
    features = np.concatenate([rng.normal(size=(n, d - 1)), np.ones((n, 1))], axis=1)
    labels = (features[:, 0] + rng.normal(size=n) > 0).astype(int)
    decay = np.full(d, 2 * l2)

    def fit(keep):
        w = np.zeros((d, 1))
        for _ in range(50):
            s = features[keep] @ w
            g = features[keep].T @ residuals.residuals(s, labels[keep]) / len(keep) + 2 * l2 * w
            h = hessian.hessian_sum(features[keep], s) / len(keep) + np.diag(decay)
            w = w - np.linalg.solve(h, g)
        assert np.linalg.norm(g) < 1e-10
        return w

    w = fit(np.arange(n))
    logits = features @ w
    h = hessian.hessian_sum(features, logits) / n + np.diag(decay)
    # random groups: a group chosen for its leverage can favour any of the three by chance
    errors = []
    for _ in range(20):
        members = rng.choice(n, 40, replace=False)
        true = (fit(np.setdiff1d(np.arange(n), members)) - w).ravel()
        steps = group_influence.removal_steps(features, logits, labels, members, h, 0.0, decay, 2 * l2 * w.ravel())
        errors.append([np.linalg.norm(steps[name] - true) for name in group_influence.METHODS])
    first, second, newton = np.mean(errors, axis=0)
    assert newton < second < first
