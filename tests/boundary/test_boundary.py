"""Weights boundary of single points: closed form, iteration, all layers."""

import numpy as np
import pytest

from attribution.boundary import points as boundary
from attribution.numerics.residuals import predictions

EXACT = 1e-9
# Relative steps of a random search that must not cross a boundary it has not reached.
INSIDE = 1 - 1e-6
NORMS = tuple(boundary.DUAL)


def layer(columns, n=80, d=7, seed=0):
    rng = np.random.default_rng(seed)
    features = np.concatenate([np.maximum(rng.normal(size=(n, d - 1)), 0), np.ones((n, 1))], axis=1)
    return features, rng.normal(size=(d, columns))


@pytest.mark.parametrize("columns", [1, 2, 3, 10])
@pytest.mark.parametrize("norm", NORMS)
def test_closed_form_equals_the_iteration(columns, norm):
    features, weights = layer(columns)
    exact = boundary.closed_form(features, weights, norm)
    iterated = boundary.deepfool(features, weights, norm, chunk=17)
    np.testing.assert_allclose(iterated.score, exact.score, rtol=EXACT, atol=0)
    np.testing.assert_array_equal(iterated.target, exact.target)
    assert exact.solved.all() and iterated.solved.all() and (iterated.steps == 1).all()


@pytest.mark.parametrize("columns", [1, 10])
def test_closed_form_is_the_written_formula(columns):
    features, weights = layer(columns)
    logits = features @ weights
    top = np.sort(logits, axis=1)
    h = features[:, :-1]
    if columns == 1:
        expected = np.abs(logits[:, 0]) / np.sqrt((h**2).sum(axis=1) + 1)
    else:
        expected = (top[:, -1] - top[:, -2]) / np.sqrt(2 * ((h**2).sum(axis=1) + 1))
    np.testing.assert_allclose(boundary.closed_form(features, weights).score, expected, rtol=EXACT)


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize(("norm", "order"), [("l2", 2), ("l1", 1), ("linf", np.inf)])
def test_no_shorter_move_changes_the_prediction_and_the_move_does(columns, norm, order):
    features, weights = layer(columns, n=20)
    found = boundary.closed_form(features, weights, norm)
    delta = boundary.moves(features, weights, norm)
    moved = np.stack([h @ (weights + m) for h, m in zip(features, delta, strict=True)])
    before = predictions(features @ weights)
    assert (predictions(moved) != before).all()
    lengths = np.array([np.linalg.norm(m.ravel(), ord=order) for m in delta])
    np.testing.assert_allclose(lengths, found.score, rtol=1e-6)
    rng = np.random.default_rng(1)
    for h, score, own, label in zip(features, found.score, delta, before, strict=True):
        # random directions, and perturbations of the best one, all just inside the distance
        noise = rng.normal(size=(300, *own.shape))
        tries = np.concatenate([noise, own + 0.1 * score * noise])
        size = np.linalg.norm(tries.reshape(len(tries), -1), ord=order, axis=1)
        tries *= (INSIDE * score / size)[:, None, None]
        assert (predictions(np.einsum("d,tdc->tc", h, weights + tries)) == label).all()


def test_scale_law_and_order():
    features, weights = layer(5)
    base = boundary.closed_form(features, weights)
    for a in (1e-3, 1e3):
        np.testing.assert_allclose(boundary.closed_form(features, a * weights).score, a * base.score, rtol=EXACT)
    order = np.random.default_rng(3).permutation(len(features))
    np.testing.assert_array_equal(boundary.closed_form(features[order], weights).score, base.score[order])
    np.testing.assert_array_equal(boundary.closed_form(features, weights, chunk=3).score, base.score)


@pytest.mark.parametrize("columns", [1, 4])
def test_points_on_the_boundary_are_solved_with_score_zero(columns):
    features, weights = layer(columns)
    zero = np.zeros_like(weights)
    for found in (boundary.closed_form(features, zero), boundary.deepfool(features, zero)):
        assert found.solved.all() and (found.score == 0).all()


def test_points_that_no_weight_can_move_are_unsolved():
    features, weights = layer(3)
    features[4] = 0
    for found in (boundary.closed_form(features, weights), boundary.deepfool(features, weights)):
        assert not found.solved[4] and np.isnan(found.score[4]) and found.solved.sum() == len(features) - 1


def test_wrong_input_is_named():
    features, weights = layer(3)
    with pytest.raises(ValueError, match=r"norm is 'l3'; allowed are l2, l1, linf"):
        boundary.closed_form(features, weights, "l3")
    with pytest.raises(ValueError, match=r"must be \(n, D\) and \(D, C\)"):
        boundary.deepfool(features[:, 1:], weights)
    features[0, 0] = np.nan
    with pytest.raises(ValueError, match="1 features are not finite"):
        boundary.closed_form(features, weights)
