"""The adaptive form of Algorithm 1: a hand computation, permutation, and its difference from the fixed form."""

import numpy as np
import pytest

from attribution.groups import adaptive, greedy
from attribution.influence import points as influence
from attribution.influence import removal_steps as group_influence
from attribution.numerics import hessian, solvers
from attribution.numerics.residuals import margins, residuals

DAMPING = 1e-3


@pytest.fixture(params=[1, 3])
def problem(request):
    rng = np.random.default_rng(0)
    features = np.concatenate([rng.normal(size=(50, 4)), np.ones((50, 1))], axis=1)
    weights = rng.normal(size=(5, request.param))
    labels = rng.integers(0, max(2, request.param), 50)
    return features, weights, labels, np.full(weights.size, 0.02), 0.02 * weights.ravel()


def grow(problem, rule, seeds, keys, **options):
    features, weights, labels, decay, slope = problem
    return adaptive.grow(
        features, labels, weights, decay, slope, DAMPING, seeds, **{"size": 8, "direction": "max", **options},
        rule=rule, keys=keys,
    )  # fmt: skip


def test_second_member_by_hand(problem):
    features, weights, labels, decay, slope = problem
    logits = features @ weights
    h = hessian.hessian_sum(features, logits) / 50 + np.diag(decay)
    step = group_influence.removal_steps(features, logits, labels, np.array([7]), h, DAMPING, decay, slope)["newton"]
    moved = features @ (weights + step.reshape(weights.shape))
    g = influence.gradients(features, residuals(moved, labels))
    left = np.arange(50) != 7
    h_left = hessian.hessian_sum(features[left], moved[left]) / 49 + np.diag(decay) + DAMPING * np.eye(len(h))
    s = g @ np.linalg.solve(h_left, g[7])
    s[7] = -np.inf
    found = grow(problem, "influence", [[7]], np.arange(50))[0]
    assert found.members[1] == np.argmax(s)


@pytest.mark.parametrize("rule", greedy.RULES)
def test_a_permutation_permutes_the_group(problem, rule):
    features, weights, labels, decay, slope = problem
    keys = greedy.tie_keys(features, labels, 0)
    order = np.random.default_rng(2).permutation(50)
    place = np.argsort(order)
    found = grow(problem, rule, [[3], [8, 1]], keys, excluded=np.array([5]))
    shuffled = (features[order], weights, labels[order], decay, slope)
    permuted = grow(shuffled, rule, [[place[3]], [place[8], place[1]]], keys[order], excluded=place[[5]])
    for a, b in zip(found, permuted, strict=True):
        np.testing.assert_array_equal(a.members, order[b.members])
        np.testing.assert_allclose(a.normalised_influence, b.normalised_influence, rtol=1e-8)
        assert 5 not in a.members


@pytest.mark.parametrize("rule", greedy.RELATIVE)
def test_points_whose_self_influence_underflows_are_still_ranked(problem, rule):
    features, weights, _, decay, slope = problem
    logits = features @ weights
    right = logits.argmax(axis=1) if weights.shape[1] > 1 else (logits[:, 0] > 0).astype(int)
    # margins between 370 and 745: exp(-margin) is a number, its square is zero
    largest = 700 / margins(logits, right).max()
    pushed = (features, largest * weights, right, decay, 0 * slope)
    r = residuals(features @ pushed[1], right)
    assert ((r**2).sum(axis=1) == 0).any() and (np.abs(r).max(axis=1) > 0).all()
    found = grow(pushed, rule, [[int(np.abs(r).max(axis=1).argmax())]], np.arange(50))[0]
    assert len(set(found.members.tolist())) == 8


def test_paths_equal_those_of_the_fixed_form_for_the_same_members(problem):
    features, weights, labels, decay, _ = problem
    logits = features @ weights
    r = residuals(logits, labels)
    lower = hessian.factor(hessian.hessian_sum(features, logits) / 50 + np.diag(decay), DAMPING)
    own, norm = influence.self_influence(features, r, lambda b: solvers.exact(lower, b))
    found = grow(problem, "influence", [[3]], np.arange(50))[0]
    same = greedy.grow(
        features, r, lambda b: solvers.exact(lower, b), own, norm, [found.members.tolist()], 8, "influence", "max",
        np.arange(50),
    )[0]  # fmt: skip
    np.testing.assert_allclose(found.normalised_influence, same.normalised_influence, rtol=1e-8)
    np.testing.assert_allclose(found.cosine, same.cosine, rtol=1e-8, atol=1e-10)
