"""Removal of groups in all layers: the last layer's formulas where there is one layer, and closed forms beyond it."""

import keras
import numpy as np
import pytest

from attribution.influence import all_layers
from attribution.influence import removal_all_layers as removal
from attribution.influence.features import last_layer_parameters
from attribution.networks import build, precision
from attribution.numerics import residuals
from attribution.retraining import predictions, subsets

pytestmark = pytest.mark.slow

N, TARGETS, DAMPING, L2 = 40, 7, 0.05, 0.01


def network(hidden, classes):
    recipe = {"architecture": "mlp", "hidden": hidden, "dropout": 0.2, "l1": 0.0, "l2": L2}
    return precision.in_float64(build.build(recipe, (3,), classes, 0))


def drawn(classes):
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(N + TARGETS, 3)), rng.integers(0, classes, N + TARGETS)
    masks = np.ones((3, N), dtype=bool)
    masks[0, :9] = masks[1, 20:23] = masks[2, 5] = False
    return x[:N], labels[:N], x[N:], labels[N:], masks


@pytest.mark.parametrize("classes", [2, 4])
def test_a_network_of_one_layer_has_the_last_layers_predictions(classes):
    model, (x, labels, tx, tl, masks) = network([], classes), drawn(classes)
    found = removal.group_predictions(model, x, labels, DAMPING, tx, tl, masks, batch=9)
    weights, decay, slope = last_layer_parameters(model)
    features, targets = (np.concatenate([a, np.ones((len(a), 1))], axis=1) for a in (x, tx))
    layer = predictions.LastLayer(features, labels, weights, decay, slope, DAMPING, targets, tl)
    rows = [predictions.FAMILY.index(name) for name in removal.FAMILY]
    expected = layer.family(subsets.left_out(masks))[rows]
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("classes", [2, 4])
def test_steps_in_all_layers_are_their_definitions(classes):
    model, (x, labels, tx, tl, masks) = network([5], classes), drawn(classes)
    before = [keras.ops.convert_to_numpy(v).copy() for v in model.trainable_variables]
    found = dict(
        zip(removal.FAMILY, removal.group_predictions(model, x, labels, DAMPING, tx, tl, masks, batch=9), strict=True)
    )
    for variable, value in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    logits, jacobian = all_layers.jacobian(model, x, N)
    k, r, p = jacobian.shape[2], residuals.residuals(logits, labels), residuals.probabilities(logits)
    middle = [np.diag(one) - np.outer(one, one) for one in p] if classes > 2 else list((p * (1 - p))[:, :, None])
    each = np.stack([j.T @ s @ j for j, s in zip(jacobian, middle, strict=True)])
    assert np.linalg.matrix_rank(each[0]) == max(1, classes - 1)
    decay = np.concatenate([np.full(v.size, 2 * L2 * ("kernel" in o.path)) for v, o in zip(
        before, model.trainable_variables, strict=True)])  # fmt: skip
    theta = np.concatenate([v.ravel() for v in before])
    # each point carries its share of the penalties
    own = np.einsum("nck,nc->nk", jacobian, r) + decay * theta
    _, of_targets = all_layers.gradients(model, tx, tl, 9)
    whole = each.sum(axis=0) + N * np.diag(decay + DAMPING)
    for number, mask in enumerate(masks):
        g = own[~mask].sum(axis=0)
        newton = np.linalg.solve(whole - each[~mask].sum(axis=0) - (~mask).sum() * np.diag(decay), g)
        np.testing.assert_allclose(found["newton"][number], of_targets @ newton, rtol=1e-8)
        np.testing.assert_allclose(found["first-order"][number], of_targets @ np.linalg.solve(whole, g), rtol=1e-8)
        alone = [np.linalg.solve(whole - each[i], own[i] - decay * theta) for i in np.flatnonzero(~mask)]
        shares = np.linalg.solve(whole, (~mask).sum() * decay * theta)
        np.testing.assert_allclose(found["rescaled"][number], of_targets @ (sum(alone) + shares), rtol=1e-8)
        moved = removal.logits_at(model, theta + newton, tx, 9)
        change = residuals.cross_entropy(moved, tl) - residuals.cross_entropy(np.asarray(model(tx)), tl)
        np.testing.assert_allclose(found["newton re-evaluated"][number], change, rtol=1e-7, atol=1e-11)
    assert len(theta) == k


def test_a_group_of_all_points_or_of_none_is_refused():
    model, (x, labels, tx, tl, masks) = network([], 2), drawn(2)
    masks[1] = True
    with pytest.raises(ValueError, match="group 1 has 0 of 40 training points"):
        removal.group_predictions(model, x, labels, DAMPING, tx, tl, masks, batch=9)
