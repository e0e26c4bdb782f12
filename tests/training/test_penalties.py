"""Penalties of every variable against what Keras itself adds to the loss, and the ones that are refused."""

import keras
import numpy as np
import pytest
from keras import layers as L
from keras.regularizers import L1, L1L2, L2

from attribution.files import hdf5
from attribution.files.results.gradients import DECAY, DECAY_GRADIENT
from attribution.influence import all_layers_files as network_files
from attribution.influence import features
from attribution.networks import build as models
from attribution.networks import penalties, precision
from cache_gradients import cache_gradients

pytestmark = pytest.mark.slow

ROUNDING = 1e-7  # Keras rounds the factors to float32
DIFFERENCES = 1e-7
STEP = 1e-4
X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
IMAGES = np.random.default_rng(0).normal(size=(6, 6, 6, 2)).astype(np.float32)


def table():
    inner = keras.Sequential(
        [keras.Input((4,)), L.Dense(3, kernel_regularizer=L1(0.03), bias_regularizer=L2(0.02), activation="tanh")]
    )
    middle = keras.Input((4,))
    outer = keras.Model(
        middle, L.BatchNormalization(gamma_regularizer=L2(0.04), beta_regularizer=L1(0.05))(inner(middle))
    )
    shared = L.Dense(3, kernel_regularizer=L1L2(0.01, 0.02))
    frozen = L.Dense(3, kernel_regularizer=L2(7.0), trainable=False)
    inputs = keras.Input((4,))
    x = frozen(shared(shared(outer(inputs))))
    return keras.Model(inputs, L.Dense(3, kernel_regularizer=L2(0.1), bias_regularizer=L1L2(0.2, 0.3))(x)), X


def images():
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            L.DepthwiseConv2D(2, depthwise_regularizer=L2(0.03), bias_regularizer=L1(0.02)),
            L.SeparableConv2D(3, 2, depthwise_regularizer=L2(0.01), pointwise_regularizer=L1(0.02)),
            L.GroupNormalization(3, gamma_regularizer=L2(0.5)),
            L.Flatten(),
            L.Dense(3, bias_regularizer=L2(0.2)),
        ]
    ), IMAGES


def texts():
    return keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            L.Embedding(7, 3, mask_zero=True, embeddings_regularizer=L2(0.02)),
            L.Bidirectional(
                L.LSTM(2, kernel_regularizer=L2(0.03), recurrent_regularizer=L1(0.04), bias_regularizer=L2(1))
            ),
            L.Dense(3, kernel_regularizer=L1(0.05), use_bias=False),
        ]
    ), np.random.default_rng(0).integers(0, 7, (6, 5))


def with_weights(build):
    keras.utils.set_random_seed(0)
    model, x = build()
    rng = np.random.default_rng(1)
    model = keras.Model(model.inputs[0], model.outputs[0])
    model.set_weights([rng.normal(size=w.shape) + 0.1 if w.dtype == np.float32 else w for w in model.get_weights()])
    return model, x


def keras_value(model):
    return sum(float(keras.ops.convert_to_numpy(part)) for part in model.losses)


@pytest.mark.parametrize("build", [table, images, texts])
def test_value_and_derivatives_are_those_of_the_losses_of_keras(build):
    model = precision.in_float64(with_weights(build)[0])
    variables = model.trainable_variables
    assert sum(v.regularizer is not None for v in variables) >= 4
    assert penalties.value(variables) == pytest.approx(keras_value(model), rel=ROUNDING)
    theta, decay, slope = penalties.derivatives(variables)

    def at(values):
        start = 0
        for variable in variables:
            size = int(np.prod(variable.shape))
            variable.assign(values[start : start + size].reshape(variable.shape))
            start += size
        return keras_value(model)

    middle = at(theta)
    for i, step in enumerate(STEP * np.eye(len(theta))):
        above, below = at(theta + step), at(theta - step)
        assert slope[i] == pytest.approx((above - below) / (2 * STEP), rel=DIFFERENCES, abs=DIFFERENCES)
        assert decay[i] == pytest.approx((above - 2 * middle + below) / STEP**2, abs=1e-4)


def test_the_last_layers_penalties_stand_where_its_parameters_do():
    model, _ = with_weights(table)
    weights, decay, slope = features.last_layer_parameters(model)
    kernel, bias = models.last_dense(model).get_weights()
    np.testing.assert_array_equal(weights, np.concatenate([kernel, bias[None]]))
    np.testing.assert_allclose(decay.reshape(4, 3), np.concatenate([np.full((3, 3), 0.2), np.full((1, 3), 0.6)]))
    expected = np.concatenate([0.2 * kernel, 0.6 * bias[None] + 0.2 * np.sign(bias[None])])
    np.testing.assert_allclose(slope.reshape(4, 3), expected, rtol=1e-6)
    model, _ = with_weights(texts)
    weights, decay, slope = features.last_layer_parameters(model)
    assert weights[-1].tolist() == [0, 0, 0] and not decay.any() and not slope.reshape(-1, 3)[-1].any()
    np.testing.assert_allclose(slope.reshape(-1, 3)[:-1], 0.05 * np.sign(weights[:-1]))


def test_gradients_of_all_layers_come_with_every_decay():
    model, x = with_weights(table)
    y = np.arange(len(x)) % 3
    arrays = network_files.gradient_arrays(model, x, y, x, y, 4)
    _, decay, slope = penalties.derivatives(model.trainable_variables)
    np.testing.assert_array_equal(arrays[DECAY], decay)
    np.testing.assert_allclose(arrays[DECAY_GRADIENT], slope, rtol=1e-6)
    assert 14.0 not in decay and {0.04, 0.08, 0.2, 0.6} <= set(np.round(decay, 12))


class Strange(L2):
    def __call__(self, x):
        return keras.ops.sum(x**4)


@pytest.mark.parametrize("penalty", [keras.regularizers.OrthogonalRegularizer(), Strange(0.1)])
def test_another_penalty_is_refused_by_name(penalty):
    layer = L.Dense(3, kernel_regularizer=penalty, name="odd")
    layer.build((None, 3))
    with pytest.raises(
        ValueError, match=f"'odd/kernel' has the penalty {type(penalty).__name__}; only L1, L2 and L1L2"
    ):
        penalties.derivatives([layer.kernel])


def stored(tmp_path, model, x):
    model, y = keras.Model(model.inputs[0], model.outputs[0]), np.arange(len(x)) % 3
    hdf5.write(
        tmp_path / "data.h5", {"x_train": x, "y_train": y, "x_test": x, "y_test": y}, {"class_names": list("abc")}
    )
    model.save(tmp_path / "model.keras")

    def cached(scope):
        path = tmp_path / scope / "gradients.h5"
        cache_gradients(
            str(tmp_path / "data.h5"), str(tmp_path / "model.keras"), scope, 4, "float64", "0", str(path), {}
        )
        return path

    return cached


def test_a_penalty_on_activations_is_refused_where_it_counts(tmp_path):
    hidden = [keras.Input((4,)), L.Dense(3, "tanh", activity_regularizer=L2(0.1), name="sparse"), L.Dense(3)]
    cached = stored(tmp_path, keras.Sequential(hidden), X)
    with pytest.raises(ValueError, match="layer 'sparse' has an activity_regularizer, a penalty that depends on"):
        cached("all_layers")
    assert cached("last_layer").exists()  # there it is a constant
    cached = stored(
        tmp_path, keras.Sequential([keras.Input((4,)), L.Dense(3, activity_regularizer=L1(1), name="end")]), X
    )
    with pytest.raises(ValueError, match="layer 'end' has an activity_regularizer"):
        cached("last_layer")


class Adding(L.Layer):
    def call(self, x):
        self.add_loss(keras.ops.mean(x**2))
        return x


def test_what_a_layer_adds_to_the_loss_is_refused():
    model = keras.Sequential([keras.Input((4,)), Adding(), L.Dense(3, kernel_regularizer=L2(0.1))])
    with pytest.raises(ValueError, match=r"come to [\d.]+, but the penalties of its variables to [\d.]+: .* add_loss"):
        penalties.refuse_others(model, precision.layers(model), X)
    model, x = with_weights(table)
    penalties.refuse_others(model, precision.layers(model), x)
