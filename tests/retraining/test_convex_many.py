"""Refits of many subsets at once: the same optima as one at a time, whatever is computed together."""

import numpy as np
import pytest

from attribution.numerics import hessian, residuals
from attribution.retraining import convex, convex_many

pytestmark = pytest.mark.slow

N, L2 = 300, 1e-3


@pytest.fixture(params=[1, 3])
def problem(request):
    rng = np.random.default_rng(0)
    d, c = 5, request.param
    features = np.concatenate([rng.normal(size=(N, d - 1)), np.ones((N, 1))], axis=1)
    truth = features @ rng.normal(size=(d, c))
    noisy = truth + rng.gumbel(size=truth.shape) - (rng.gumbel(size=truth.shape) if c == 1 else 0)
    labels = (noisy[:, 0] > 0).astype(int) if c == 1 else noisy.argmax(axis=1)
    return features, labels, convex.fit(features, labels, np.zeros((d, c)), L2)


def drawn(alpha, count=9):
    rng, masks = np.random.default_rng(int(100 * alpha)), np.zeros((count, N), dtype=bool)
    for mask in masks:
        mask[rng.permutation(N)[: int(alpha * N)]] = True
    return masks


@pytest.mark.parametrize("alpha", [0.03, 0.1, 0.5, 0.9, 0.997])
def test_many_at_once_are_those_of_one_at_a_time(problem, alpha):
    features, labels, optimum = problem
    masks = drawn(alpha)
    found = convex_many.refits(features, labels, optimum, L2, masks)
    expected = convex.refits(features, labels, optimum, L2, masks)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)
    for weights, mask in zip(found, masks, strict=True):
        h, y = features[mask], labels[mask]
        slope = h.T @ residuals.residuals(h @ weights, y) / len(y) + 2 * L2 * weights
        assert np.linalg.norm(slope) < 1e-8


def test_a_class_that_leaves_altogether_has_an_optimum_too(problem):
    features, labels, optimum = problem
    masks = labels[None] != np.arange(2)[:, None]
    found = convex_many.refits(features, labels, optimum, L2, masks)
    np.testing.assert_allclose(found, convex.refits(features, labels, optimum, L2, masks), rtol=1e-8, atol=1e-8)
    assert np.abs(found - optimum).max() > 0.1


def test_blocks_and_chunks_change_nothing(problem, monkeypatch):
    features, labels, optimum = problem
    masks = np.concatenate([drawn(0.5), drawn(0.9)])
    expected = convex_many.refits(features, labels, optimum, L2, masks)
    monkeypatch.setattr(convex_many, "FACTOR_BYTES", 2 * 8 * optimum.size**2)
    monkeypatch.setattr(convex_many, "CHUNK_BYTES", 7 * 16 * optimum.shape[1])
    np.testing.assert_allclose(convex_many.refits(features, labels, optimum, L2, masks), expected, rtol=1e-8, atol=1e-9)
    order = np.random.default_rng(0).permutation(len(masks))
    again = convex_many.refits(features, labels, optimum, L2, masks[order])
    np.testing.assert_allclose(again, expected[order], rtol=1e-8, atol=1e-9)


def test_each_mask_may_have_its_own_penalty(problem):
    features, labels, optimum = problem
    masks = drawn(0.7, 4)
    penalties = np.array([1e-4, 1e-3, 1e-2, 1e-1])
    found = convex_many.refits(features, labels, optimum, penalties, masks)
    for weights, mask, l2 in zip(found, masks, penalties, strict=True):
        expected = convex.fit(features[mask], labels[mask], optimum, l2)
        np.testing.assert_allclose(weights, expected, rtol=1e-8, atol=1e-8)


def test_gradients_are_those_of_each_subset(problem):
    features, labels, optimum = problem
    masks, rng = drawn(0.4, 3), np.random.default_rng(1)
    weights = optimum + rng.normal(size=(3, *optimum.shape))
    found = convex_many.gradients(features, labels, weights, masks)
    for slope, w, mask in zip(found, weights, masks, strict=True):
        h, y = features[mask], labels[mask]
        np.testing.assert_allclose(slope, h.T @ residuals.residuals(h @ w, y), rtol=1e-9, atol=1e-11)


def test_most_subsets_take_no_refit_of_their_own(problem, monkeypatch):
    features, labels, optimum = problem
    alone = []
    fit = convex.fit
    monkeypatch.setattr(convex, "fit", lambda *given: alone.append(1) or fit(*given))
    convex_many.refits(features, labels, optimum, L2, np.concatenate([drawn(0.5), drawn(0.9)]))
    assert not alone


def test_a_mask_of_no_point_is_refused(problem):
    features, labels, optimum = problem
    with pytest.raises(ValueError, match="subset 1 has 0 members"):
        convex_many.refits(features, labels, optimum, L2, np.array([[True] * N, [False] * N]))


@pytest.mark.parametrize("alpha", [0.2, 0.8])
def test_the_first_hessian_is_that_of_the_points_kept(problem, alpha):
    features, _, optimum = problem
    whole, (mask, *_) = hessian.hessian_sum(features, features @ optimum), drawn(alpha)
    expected = hessian.hessian_sum(features[mask], features[mask] @ optimum)
    found = convex_many._hessian_of(features, optimum, mask, whole)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    weights = np.random.default_rng(0).uniform(0.5, 3, len(features))
    heavier = hessian.hessian_sum(features, features @ optimum, weights=weights)
    expected = hessian.hessian_sum(features[mask], features[mask] @ optimum, weights=weights[mask])
    found = convex_many._hessian_of(features, optimum, mask, heavier, weights)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
