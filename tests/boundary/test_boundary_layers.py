"""Weights boundary of single points in all layers: closed form, a plain loop, slots, order, scale, norms."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from attribution.boundary import points as boundary
from attribution.boundary import points_all_layers as boundary_layers
from attribution.networks import copies, copy_derivatives, precision
from attribution.numerics.residuals import predictions
from boundary_networks import dense, points, small

pytestmark = pytest.mark.slow

CLOSED_FORM = 1e-9
LOOP = 1e-7
NORMS = tuple(boundary.DUAL)
ORDERS = {"l2": 2, "l1": 1, "linf": np.inf}


@pytest.mark.parametrize("columns", [1, 2, 4])
@pytest.mark.parametrize("norm", NORMS)
def test_one_dense_layer_has_the_closed_form(columns, norm):
    model = dense(columns)
    x = points(model)
    kernel, bias = (w.astype(np.float64) for w in model.get_weights())
    h = np.concatenate([x.astype(np.float64), np.ones((len(x), 1))], axis=1)
    exact = boundary.closed_form(h, np.concatenate([kernel, bias[None]]), norm)
    found = boundary_layers.deepfool(model, x, norm, slots=7)
    np.testing.assert_allclose(found.score, exact.score, rtol=CLOSED_FORM)
    np.testing.assert_array_equal(found.target, exact.target)
    assert found.solved.all() and (found.steps == 1).all()


def moved_one_at_a_time(model, sample, norm, max_steps=100):
    """The definition, on a clone that is changed: score, steps, class reached, moved parameters."""
    network = precision.in_float64(model)
    variables, x = network.trainable_variables, sample[None].astype(np.float64)
    start = np.concatenate([v.numpy().ravel() for v in variables])

    def logits():
        return boundary.class_logits(network(x, training=False).numpy())[0]

    first = int(logits().argmax())
    order = {"l2": 2, "l1": np.inf, "linf": 1}[norm]
    for step in range(1, max_steps + 1):
        with tf.GradientTape(persistent=True) as tape:
            f = network(x, training=False)[0]
            f = tf.concat([tf.zeros_like(f), f], 0) if len(f) == 1 else f
            gaps = [f[c] - f[first] for c in range(len(f))]
        best = (np.inf, None, None)
        for c, gap in enumerate(gaps):
            if c == first:
                continue
            g = np.concatenate([p.numpy().ravel() for p in tape.gradient(gap, variables)])
            ratio = abs(float(gap)) / np.linalg.norm(g, ord=order)
            if ratio < best[0]:
                best = (ratio, g, c)
        ratio, g, _ = best
        if norm == "l2":
            unit = g / np.linalg.norm(g)
        elif norm == "linf":
            unit = np.sign(g)
        else:
            unit = np.sign(g) * (np.arange(len(g)) == np.abs(g).argmax())
        theta = np.concatenate([v.numpy().ravel() for v in variables]) + ratio * unit
        place = 0
        for v in variables:
            v.assign(theta[place : place + v.numpy().size].reshape(v.shape))
            place += v.numpy().size
        f = logits()
        top = np.sort(f)
        if f.argmax() != first or top[-1] - top[-2] < 1e-6:
            return np.linalg.norm(theta - start, ord=ORDERS[norm]), step
    return np.nan, max_steps


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("columns", [1, 3])
def test_slots_give_what_a_loop_over_one_changed_network_gives(columns, norm):
    model = small(columns)
    x = points(model, 12)
    before = [w.tobytes() for w in model.get_weights()]
    found = boundary_layers.deepfool(model, x, norm, slots=5)
    assert [w.tobytes() for w in model.get_weights()] == before
    alone = [moved_one_at_a_time(model, sample, norm) for sample in x]
    score, steps = np.array([a[0] for a in alone]), np.array([a[1] for a in alone])
    assert found.solved.mean() > 0.9
    np.testing.assert_allclose(found.score[found.solved], score[found.solved], rtol=LOOP)
    np.testing.assert_array_equal(found.steps, steps)


def test_slots_and_order_do_not_change_the_result():
    model = small()
    x = points(model)
    base = boundary_layers.deepfool(model, x, slots=4)
    order = np.random.default_rng(2).permutation(len(x))
    for other, places in ((boundary_layers.deepfool(model, x, slots=50), slice(None)),
                          (boundary_layers.deepfool(model, x[order], slots=3), order)):  # fmt: skip
        np.testing.assert_allclose(other.score, base.score[places], rtol=1e-8)
        for name in ("solved", "steps", "target"):
            np.testing.assert_array_equal(getattr(other, name), getattr(base, name)[places])
    for slots in (1, 16):
        single = boundary_layers.deepfool(model, x, slots=slots, dtype="float32")
        np.testing.assert_allclose(single.score, base.score, rtol=1e-3)


def test_the_move_changes_the_prediction_and_random_shorter_ones_do_not():
    """Checked with the original network's own logits, not with those of the copies."""
    model = small()
    x = points(model, 10)
    network = precision.in_float64(model)
    first, start = predictions(network(x).numpy()), [v.numpy() for v in network.trainable_variables]
    copied, seen = copy_derivatives.network(model, len(x)), []

    def state(theta, samples):
        seen.append(theta)
        return copied.state(theta, samples)

    # a slot for every point: a finished one rests, so the last parameters seen are where each point ended
    found = boundary_layers.walk(copied._replace(state=state), x, 100)
    assert found.solved.all() and (found.score > 0).all() and (found.target != first).all()
    rng = np.random.default_rng(3)
    for i in range(len(x)):
        moved = [w[i].numpy() for w in seen[-1]]
        for variable, w in zip(network.trainable_variables, moved, strict=True):
            variable.assign(w)
        assert predictions(network(x[i : i + 1]).numpy())[0] == found.target[i]
        size = np.sqrt(sum(((w - v) ** 2).sum() for w, v in zip(moved, start, strict=True)))
        assert size == pytest.approx(found.score[i], abs=1e-6)  # less than TOLERANCE over the boundary
        for _ in range(20):
            noise = [rng.normal(size=w.shape) for w in start]
            share = 0.9 * found.score[i] / np.sqrt(sum((e**2).sum() for e in noise))
            for variable, w, e in zip(network.trainable_variables, start, noise, strict=True):
                variable.assign(w + share * e)
            assert predictions(network(x[i : i + 1]).numpy())[0] == first[i]


def test_scaling_the_only_layer_scales_the_score():
    base = boundary_layers.deepfool(dense(3), points(dense(3)))
    for a in (1 / 1024, 1024):
        model = dense(3, scale=a)
        np.testing.assert_allclose(
            boundary_layers.deepfool(model, points(model)).score, a * base.score, rtol=CLOSED_FORM
        )


def test_ties_and_points_that_cannot_move():
    model = small()
    x = points(model, 5)
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    found = boundary_layers.deepfool(model, x)
    # the biases of the last layer do move
    assert found.solved.all() and (found.score == 0).all() and (found.steps == 0).all()

    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Dense(2, use_bias=False)(layers.ReLU()(inputs)))
    model.set_weights([np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 1.0]])])
    x = np.array([[-1.0, -2.0, -1.0], [1.0, 1.0, 1.0]])
    found = boundary_layers.deepfool(model, x, slots=2)
    # all logits of the first are 0 whatever the weights are
    assert found.solved.tolist() == [False, True] and np.isnan(found.score[0]) and found.score[1] > 0


def test_the_last_step_allowed_counts_and_the_next_does_not():
    model = small()
    x = points(model, 20)
    base = boundary_layers.deepfool(model, x)
    limit = int(np.median(base.steps))
    few = boundary_layers.deepfool(model, x, max_steps=limit)
    np.testing.assert_array_equal(few.solved, base.steps <= limit)
    np.testing.assert_allclose(few.score[few.solved], base.score[few.solved], rtol=1e-12)
    assert not few.solved.all() and np.isnan(few.score[~few.solved]).all()


def test_wrong_settings_are_named():
    model = dense(2)
    for changes, sentence in (
        ({"norm": "l3"}, "boundary norm is 'l3'; allowed are l2, l1, linf"),
        ({"slots": 0}, "boundary slots is 0; allowed is 1 or more"),
        ({"dtype": "float16"}, "boundary precision is 'float16'; allowed are float64, float32"),
    ):
        with pytest.raises(ValueError, match=sentence):
            boundary_layers.deepfool(model, points(model), **changes)
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    with pytest.raises(ValueError, match="logits are not finite"):
        boundary_layers.deepfool(model, points(model))
    assert copies.copied_layers(model) == model.layers
