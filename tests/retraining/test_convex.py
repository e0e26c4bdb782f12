"""The convex truth: optima, leave-one-out against influence, and the order of the group approximations."""

import numpy as np
import pytest

from attribution.influence import points as influence
from attribution.numerics import hessian, residuals, solvers
from attribution.retraining import convex, subsets
from attribution.retraining import predictions as removal

PEARSON = 0.99


@pytest.fixture(params=[1, 3])
def problem(request):
    rng = np.random.default_rng(0)
    n, d, c = 240, 5, request.param
    features = np.concatenate([rng.normal(size=(n, d - 1)), np.ones((n, 1))], axis=1)
    truth = features @ rng.normal(size=(d, c))
    noisy = truth + rng.gumbel(size=truth.shape) - (rng.gumbel(size=truth.shape) if c == 1 else 0)
    labels = (noisy[:, 0] > 0).astype(int) if c == 1 else noisy.argmax(axis=1)
    return features, labels, np.zeros((d, c))


@pytest.mark.parametrize("l2", [1e-5, 1e-3, 1e-1])
def test_the_optimum_is_one_and_does_not_depend_on_the_start(problem, l2):
    features, labels, start = problem
    found = convex.fit(features, labels, start, l2)
    gradient = features.T @ residuals.residuals(features @ found, labels) / len(features) + 2 * l2 * found
    assert np.abs(gradient).max() < 1e-10
    other = convex.fit(features, labels, start + 3 * np.random.default_rng(1).normal(size=start.shape), l2)
    np.testing.assert_allclose(found, other, rtol=1e-5, atol=1e-6)


def test_separable_classes_have_an_optimum_with_l2():
    x = np.linspace(-1, 1, 40)
    features = np.stack([x, np.ones(40)], axis=1)
    found = convex.fit(features, (x > 0).astype(int), np.zeros((2, 1)), 1e-6)
    assert np.isfinite(found).all() and found[0, 0] > 10


@pytest.mark.parametrize("l2", [1e-4, 1e-3])
def test_influence_over_n_is_leave_one_out(problem, l2):
    features, labels, start = problem
    n, optimum = len(features), convex.fit(features, labels, start, l2)
    logits = features @ optimum
    r = residuals.residuals(logits, labels)
    lower = hessian.factor(hessian.hessian_sum(features, logits) / n + 2 * l2 * np.eye(optimum.size), 0.0)
    predicted = influence.all_pairs(features, r, features, r, lambda b: solvers.exact(lower, b)).T / n
    refitted = convex.refits(features, labels, optimum, l2, subsets.leave_one_out(n))
    true = removal.losses_at(refitted, features, labels) - residuals.cross_entropy(logits, labels)
    assert removal.pearson(np.diag(true), np.diag(predicted)) > PEARSON
    assert np.nanmean(removal.pearson(true, predicted)) > PEARSON
    shuffled = predicted[np.random.default_rng(0).permutation(n)]
    assert np.abs(removal.pearson(np.diag(true), np.diag(shuffled))) < 0.5


def test_second_order_beats_first_and_newton_beats_second_on_groups(problem):
    features, labels, start = problem
    l2 = 1e-3
    optimum = convex.fit(features, labels, start, l2)
    matrix = hessian.hessian_sum(features, features @ optimum) / len(features) + 2 * l2 * np.eye(optimum.size)
    for share in (0.05, 0.1, 0.2, 0.3):
        drawn = subsets.groups(features[:, :-1], labels, [share], 20, 1)
        random = drawn.masks[drawn.kind == "random"]
        refitted = convex.refits(features, labels, optimum, l2, random)
        true = removal.losses_at(refitted, features, labels) - residuals.cross_entropy(features @ optimum, labels)
        predicted = removal.group_predictions(
            features, labels, optimum, matrix, 0.0, np.full(optimum.size, 2 * l2), 2 * l2 * optimum.ravel(), features,
            labels, random,
        )  # fmt: skip
        steps = {}
        for method, changes in zip(removal.METHODS, predicted, strict=True):
            steps[method] = np.abs(changes - true).mean()
        # linearised losses share the error of linearising, so the re-evaluated ones separate the steps
        assert steps["newton re-evaluated"] < steps["first-order re-evaluated"], share
        distance = parameter_errors(features, labels, optimum, matrix, l2, random, refitted)
        assert distance["newton"] < distance["second-order"] < distance["first-order"], share


def parameter_errors(features, labels, optimum, matrix, l2, masks, refitted):
    """Mean distance between predicted and refitted parameters of each method."""
    from attribution.influence import removal_steps as group_influence

    errors = {method: [] for method in group_influence.METHODS}
    for mask, weights in zip(masks, refitted, strict=True):
        steps = group_influence.removal_steps(
            features, features @ optimum, labels, np.flatnonzero(~mask), matrix, 0.0, np.full(optimum.size, 2 * l2),
            2 * l2 * optimum.ravel(),
        )  # fmt: skip
        for method, step in steps.items():
            errors[method].append(np.linalg.norm(step - (weights - optimum).ravel()))
    return {method: np.mean(values) for method, values in errors.items()}


def test_a_mask_of_no_point_is_refused(problem):
    features, labels, start = problem
    with pytest.raises(ValueError, match="subset 1 has 0 members"):
        convex.refits(features, labels, start, 1e-3, np.array([[True] * 240, [False] * 240]))


def test_correlations_are_scipys_and_bootstrap_holds_the_value():
    from scipy import stats

    rng = np.random.default_rng(0)
    a = rng.normal(size=(40, 3))
    b = a + rng.normal(size=(40, 3))
    for ours, theirs in ((removal.pearson, stats.pearsonr), (removal.spearman, stats.spearmanr)):
        np.testing.assert_allclose(ours(a, b), [theirs(a[:, j], b[:, j]).statistic for j in range(3)], rtol=1e-12)
    low, high = removal.bootstrap(removal.pearson, a[:, 0], b[:, 0])
    assert low < removal.pearson(a[:, 0], b[:, 0]) < high
    assert np.isnan(removal.pearson(np.ones(5), np.arange(5.0)))
