"""Rescaled and twice-taken steps for groups: closed forms, sums, and refits."""

import numpy as np
import pytest

from attribution.influence import removal_steps as removal
from attribution.influence import rescaled
from attribution.methods import base
from attribution.numerics import hessian, residuals
from attribution.retraining import convex, convex_many, predictions, subsets
from attribution.workflow.registry import METHODS

N, D, L2, DAMPING = 80, 4, 2e-3, 3e-3


@pytest.fixture(params=[1, 3])
def problem(request):
    """Features, labels, the optimum and the mean Hessian of the data there."""
    rng, c = np.random.default_rng(0), request.param
    features = np.concatenate([2 * rng.normal(size=(N, D - 1)), np.ones((N, 1))], axis=1)
    labels = rng.integers(0, max(c, 2), N)
    optimum = convex.fit(features, labels, np.zeros((D, c)), L2)
    return features, labels, optimum, hessian.hessian_sum(features, features @ optimum) / N


def steps_of(problem, members, decay, damping, **more):
    features, labels, optimum, matrix = problem
    k = optimum.size
    return removal.removal_steps(
        features, features @ optimum, labels, np.asarray(members), matrix + decay * np.eye(k), damping,
        np.full(k, decay), decay * optimum.ravel(), **more,
    )  # fmt: skip


def alone_of(problem, decay, damping):
    features, labels, optimum, matrix = problem
    logits = features @ optimum
    inverse = np.linalg.inv(matrix + (decay + damping) * np.eye(optimum.size))
    own = rescaled.leverages(features, inverse, logits.shape[1])
    return rescaled.residuals(logits, residuals.residuals(logits, labels), own, N)


def test_a_rescaled_step_of_one_is_newtons_and_of_a_group_their_sum(problem):
    alone = alone_of(problem, 0.0, DAMPING)
    single = [steps_of(problem, [member], 0.0, DAMPING, alone=alone) for member in (3, 8, 40)]
    for steps in single:
        np.testing.assert_allclose(steps["rescaled"], steps["newton"], rtol=1e-10, atol=1e-13)
        assert np.abs(steps["rescaled"] - steps["first-order"]).max() > 1e-3 * np.abs(steps["newton"]).max()
    together = steps_of(problem, [3, 8, 40], 0.0, DAMPING, alone=alone)["rescaled"]
    np.testing.assert_allclose(together, sum(steps["rescaled"] for steps in single), rtol=1e-10, atol=1e-13)


def test_the_second_step_is_newtons_with_the_first_ones_hessian(problem):
    features, labels, optimum, _ = problem
    members = np.arange(0, N, 3)
    found = steps_of(problem, members, 2 * L2, DAMPING, twice=True)
    stay = np.setdiff1d(np.arange(N), members)
    h, y, k = features[stay], labels[stay], optimum.size
    penalty = len(stay) * 2 * L2
    curved = hessian.hessian_sum(h, h @ optimum) + (penalty + N * DAMPING) * np.eye(k)
    at = optimum + found["newton"].reshape(optimum.shape)
    slope = h.T @ residuals.residuals(h @ at, y) + penalty * at
    slope = slope.ravel() + N * DAMPING * found["newton"]
    # at the optimum of all points the gradient of those that stay is minus that of the group
    expected = found["newton"] - np.linalg.solve(curved, slope)
    np.testing.assert_allclose(found["newton-twice"], expected, rtol=1e-6, atol=1e-9)


def test_each_step_is_nearer_to_the_refit(problem):
    features, labels, optimum, _ = problem
    alone, rng, errors = alone_of(problem, 2 * L2, 0.0), np.random.default_rng(3), {}
    for _ in range(12):
        members = rng.permutation(N)[:16]
        steps = steps_of(problem, members, 2 * L2, 0.0, alone=alone, twice=True)
        mask = np.isin(np.arange(N), members, invert=True)
        true = (convex.fit(features[mask], labels[mask], optimum, L2) - optimum).ravel()
        for name, step in steps.items():
            errors.setdefault(name, []).append(np.linalg.norm(step - true))
    mean = {name: np.mean(found) for name, found in errors.items()}
    assert mean["newton-twice"] < 0.6 * mean["newton"]
    assert mean["newton"] < mean["rescaled"] < mean["first-order"]


def test_the_family_is_every_step_both_ways_and_each_its_method(problem):
    features, labels, optimum, _ = problem
    k, masks = optimum.size, np.ones((3, N), dtype=bool)
    masks[0, :9] = masks[1, 20:23] = masks[2, 5] = False
    layer = predictions.LastLayer(
        features, labels, optimum, np.full(k, 2 * L2), 2 * L2 * optimum.ravel(), 0.0, features[:20], labels[:20]
    )
    groups = subsets.left_out(masks)
    found = dict(zip(predictions.FAMILY, layer.family(groups), strict=True))
    for name, rows in found.items():
        method = base.resolve(METHODS[name.replace(" ", "-")])
        assert method.row == name
        np.testing.assert_array_equal(method.changes(layer, groups), rows)
    alone = alone_of(problem, 2 * L2, 0.0)
    for members, linear, evaluated in zip(groups, found["rescaled"], found["newton-twice re-evaluated"], strict=True):
        steps = steps_of(problem, members, 2 * L2, 0.0, alone=alone, twice=True)
        changes = [
            removal.loss_changes(features[:20], labels[:20], optimum, steps[step])
            for step in ("rescaled", "newton-twice")
        ]
        np.testing.assert_allclose(linear, changes[0][0], rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(evaluated, changes[1][1], rtol=1e-8, atol=1e-12)
    refitted = convex_many.refits(features, labels, optimum, L2, masks)
    true = predictions.losses_at(refitted, features[:20], labels[:20])
    true = true - residuals.cross_entropy(features[:20] @ optimum, labels[:20])
    errors = {name: np.abs(rows - true).mean() for name, rows in found.items()}
    assert min(errors, key=errors.get) == "newton-twice re-evaluated"
    for name in ("rescaled", "newton-twice"):
        assert errors[f"{name} re-evaluated"] < 0.7 * errors["first-order re-evaluated"]
