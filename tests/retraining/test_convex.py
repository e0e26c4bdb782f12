"""The convex truth: optima, leave-one-out against influence, and the order of the group approximations."""

import itertools

import numpy as np
import pytest

from attribution.methods import base
from attribution.numerics import hessian, residuals
from attribution.retraining import convex, subsets
from attribution.retraining import predictions as removal
from attribution.workflow import registry

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
    layer, alone = layer_of(features, labels, optimum, l2), subsets.left_out(subsets.leave_one_out(n))
    predicted = base.resolve(registry.METHODS["influence-over-n"]).changes(layer, alone)
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
        layer = layer_of(features, labels, optimum, l2)
        steps = {}
        for method in ("newton", "first-order"):
            changes = base.resolve(registry.METHODS[f"{method}-re-evaluated"]).changes(layer, subsets.left_out(random))
            steps[method] = np.abs(changes - true).mean()
        # linearised losses share the error of linearising, so the re-evaluated ones separate the steps
        assert steps["newton"] < steps["first-order"], share
        distance = parameter_errors(features, labels, optimum, matrix, l2, random, refitted)
        assert distance["newton"] < distance["second-order"] < distance["first-order"], share


def layer_of(features, labels, optimum, l2):
    """The layer at its optimum, whose losses are those of the training points."""
    decay, slope = np.full(optimum.size, 2 * l2), 2 * l2 * optimum.ravel()
    return removal.LastLayer(features, labels, optimum, decay, slope, 0.0, features, labels)


def test_methods_of_removals_agree_where_they_must(problem):
    features, labels, start = problem
    l2, n = 1e-2, len(features)
    layer = layer_of(features, labels, convex.fit(features, labels, start, l2), l2)
    groups = [np.array([3]), np.array([7, 100, 101]), np.arange(40, 80)]
    found = {name: base.resolve(registry.METHODS[name]).changes(layer, groups) for name in registry.METHODS
             if registry.METHODS[name].startswith("influence.removals:")}  # fmt: skip
    assert {values.shape for values in found.values()} == {(3, n)}
    # the first order is additive, and that of influence over n
    np.testing.assert_allclose(found["influence-over-n"], found["first-order"], rtol=1e-9, atol=1e-14)
    # re-evaluated losses: by finite steps along the linear ones they are tangent
    step = layer.steps(groups[1])["first-order"]
    small = 1e-5
    moved = residuals.cross_entropy(features @ (layer.weights + small * step.reshape(layer.weights.shape)), labels)
    slope = (moved - residuals.cross_entropy(layer.logits, labels)) / small
    np.testing.assert_allclose(found["first-order"][1], slope, rtol=1e-3, atol=1e-8)
    full = layer.weights + layer.steps(groups[2])["newton"].reshape(layer.weights.shape)
    exact = residuals.cross_entropy(features @ full, labels) - residuals.cross_entropy(layer.logits, labels)
    np.testing.assert_array_equal(found["newton-re-evaluated"][2], exact)
    # of one point all are near each other, of a group each is another one
    names = list(found)
    for first, second in itertools.pairwise(names):
        np.testing.assert_allclose(found[first][0], found[second][0], rtol=0.3, atol=1e-3)
    others = [found[name][2] for name in names if name != "influence-over-n"]
    assert len({values.tobytes() for values in others}) == 5


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
