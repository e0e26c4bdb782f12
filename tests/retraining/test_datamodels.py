"""Datamodels: linear truths recovered, noise not, and the influence approximation against its definition."""

import numpy as np
import pytest

from attribution.influence import points as influence
from attribution.numerics import hessian, residuals, solvers
from attribution.retraining import datamodels, subsets

PENALTIES = np.geomspace(1e-4, 1e4, 9)


def test_a_linear_truth_is_recovered_and_noise_is_not():
    rng = np.random.default_rng(0)
    masks = subsets.random_subsets(30, 0.5, 0, 400, 0, subsets.SUBSETS)
    held = subsets.random_subsets(30, 0.5, 0, 100, 0, subsets.HELD_OUT)
    truth, offset = rng.normal(size=(4, 30)), rng.normal(size=4)
    # every subset has the same size, so weights are determined up to a constant a target
    weights, intercept, _ = datamodels.fit(masks, masks @ truth.T + offset, PENALTIES)
    centred = truth - truth.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(weights - weights.mean(axis=1, keepdims=True), centred, atol=1e-4)
    np.testing.assert_allclose(datamodels.predict(weights, intercept, held), held @ truth.T + offset, atol=1e-3)
    noise = rng.normal(size=(400, 4))
    weights, intercept, penalty = datamodels.fit(masks, noise, PENALTIES)
    left = ((datamodels.predict(weights, intercept, held) - rng.normal(size=(100, 4))) ** 2).mean()
    assert left > 0.8 and (penalty > PENALTIES[0]).all()


def test_a_permutation_of_the_points_permutes_the_weights():
    rng = np.random.default_rng(1)
    masks, outputs = rng.random((60, 20)) < 0.5, rng.normal(size=(60, 3))
    order = rng.permutation(20)
    weights, _, _ = datamodels.fit(masks, outputs, PENALTIES)
    permuted, _, _ = datamodels.fit(masks[:, order], outputs, PENALTIES)
    np.testing.assert_allclose(permuted, weights[:, order], rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("columns", [1, 3])
def test_approximate_margins_follow_their_definition(columns):
    rng = np.random.default_rng(2)
    features = np.concatenate([rng.normal(size=(40, 3)), np.ones((40, 1))], axis=1)
    weights, labels = rng.normal(size=(4, columns)), rng.integers(0, max(2, columns), 40)
    logits = features @ weights
    r, slope = residuals.residuals(logits, labels), rng.normal(size=weights.size)
    lower = hessian.factor(hessian.hessian_sum(features, logits) / 40, 1e-2)
    masks = subsets.random_subsets(40, 0.75, 0, 5, 0, subsets.SUBSETS)
    steps = datamodels.moved_parameters(features, r, slope, lambda b: solvers.exact(lower, b), masks, chunk=7)
    g = influence.gradients(features, r)
    for step, mask in zip(steps, masks, strict=True):
        expected = solvers.exact(lower, (g[~mask].sum(axis=0) + 10 * slope)[:, None])[:, 0] / 40
        np.testing.assert_allclose(step, expected, rtol=1e-9)
    linear, moved = datamodels.approximate_margins(features, labels, weights, 1e-6 * steps)
    start = residuals.margins(logits, labels)
    np.testing.assert_allclose(linear - start, moved - start, rtol=1e-3, atol=1e-9)
    for row, step in zip(moved, steps, strict=True):
        np.testing.assert_allclose(row, residuals.margins(logits + features @ (1e-6 * step).reshape(4, -1), labels))


def test_margin_gradients_are_the_derivative_of_the_margin():
    rng = np.random.default_rng(3)
    for columns in (1, 4):
        logits, labels = rng.normal(size=(6, columns)), rng.integers(0, max(2, columns), 6)
        found = residuals.margin_gradients(logits, labels)
        for c in range(columns):
            step = 1e-6 * np.eye(columns)[c]
            numeric = residuals.margins(logits + step, labels) - residuals.margins(logits - step, labels)
            np.testing.assert_allclose(found[:, c], numeric / 2e-6, rtol=1e-6, atol=1e-9)


def test_separation_finds_clusters_and_only_them():
    rng = np.random.default_rng(4)
    subgroup = rng.integers(0, 3, 90)
    assert datamodels.separation(rng.normal(size=(90, 2)) + 20 * np.eye(3, 2)[subgroup], subgroup) > 0.95
    assert abs(datamodels.separation(rng.normal(size=(90, 2)), subgroup)) < 0.15
    coordinates, variance = datamodels.embedding(rng.normal(size=(90, 12)), 3)
    assert coordinates.shape == (90, 3) and (np.diff(variance) <= 0).all()
