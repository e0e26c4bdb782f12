"""Copies of a network's parameters on one axis, against the networks one at a time."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from keras import layers

from attribution.networks import build as models
from attribution.networks import copies, precision
from helpers import ROOT

pytestmark = pytest.mark.slow

EXACT = {"rtol": 1e-9, "atol": 1e-9}
RECIPES = yaml.safe_load((ROOT / "config/models.yaml").read_text())["models"]
SHAPES = {
    "mlp-dropout": (2,), "cnn": (22, 22, 1), "resnet": (8, 8, 3), "resnet18": (8, 8, 3), "vgg19": (32, 32, 3),
}  # fmt: skip


def built(name, classes=3):
    model = models.build(RECIPES[name], SHAPES[name], classes, 0)
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            # statistics and scales that a trained network might have
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    return model


def perturb(model, together, m, seed=2):
    """Give every copy its own values, and return them as networks of one copy, in float64."""
    rng = np.random.default_rng(seed)
    single = [precision.in_float64(model) for _ in range(m)]
    for layer in copies.copied_layers(model):
        for name in copies.COPIED[type(layer)]:
            if getattr(layer, name, None) is None:
                continue
            value = keras.ops.convert_to_numpy(getattr(layer, name)).astype(np.float64)
            own = value + 0.1 * (np.abs(value).mean() + 0.01) * rng.normal(size=(m, *value.shape))
            getattr(together.get_layer(layer.name), name).assign(own)
            for network, w in zip(single, own, strict=True):
                getattr(network.get_layer(layer.name), name).assign(w)
    return single


def samples(shape, count, seed=3):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 256, (count, *shape)) if len(shape) == 3 else rng.normal(size=(count, *shape))
    # what a network takes, so that nothing is rounded on the way in
    return drawn.astype(np.float32).astype(np.float64)


@pytest.mark.parametrize("name", SHAPES)
def test_copies_give_each_networks_logits_and_gradients(name):
    m, s = (2, 1) if name in ("vgg19", "resnet18") else (3, 2)
    model = built(name)
    before = [w.tobytes() for w in model.get_weights()]
    together = copies.copies(model, m)
    x = samples(SHAPES[name], m * s)
    expected = precision.in_float64(model)(x, training=False)
    np.testing.assert_allclose(together(x, training=False), expected, **EXACT)

    single = perturb(model, together, m)
    weight = np.random.default_rng(4).normal(size=expected.shape)
    with tf.GradientTape() as tape:
        found = together(x, training=False)
        total = tf.reduce_sum(found * weight)
    own = tape.gradient(total, [v.value for v in together.trainable_variables])
    own = {v.path: g.numpy() for v, g in zip(together.trainable_variables, own, strict=True)}
    for i, network in enumerate(single):
        part = slice(i * s, (i + 1) * s)
        with tf.GradientTape() as tape:
            alone = network(x[part], training=False)
            total = tf.reduce_sum(alone * weight[part])
        np.testing.assert_allclose(found[part], alone, **EXACT)
        gradients = tape.gradient(total, [v.value for v in network.trainable_variables])
        for variable, g in zip(network.trainable_variables, gradients, strict=True):
            scale = max(1.0, float(np.abs(g).max()))
            np.testing.assert_allclose(own[variable.path][i] / scale, g.numpy() / scale, **EXACT)
    assert [w.tobytes() for w in model.get_weights()] == before
    assert model.layers[1].output is model.layers[1].output  # called once only: the graph has one node a layer


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "strides", "dilation"), [(3, 1, 1), ((2, 3), 2, 1), (1, 2, 1), (4, 3, 1), (3, 1, 2)])
def test_patches_are_the_convolutions_windows(padding, size, strides, dilation):
    network = keras.Sequential(
        [
            keras.Input((9, 10, 2)),
            layers.Conv2D(4, size, strides, padding, dilation_rate=dilation, activation="tanh"),
            layers.Flatten(),
            layers.Dense(2, use_bias=False),
        ]
    )
    together, x = copies.copies(network, 2), samples((9, 10, 2), 4) / 256
    np.testing.assert_allclose(together(x), precision.in_float64(network)(x), **EXACT)


def test_networks_inside_a_network_and_float32():
    body = keras.Sequential([keras.Input((4,)), layers.Dense(5, activation="relu"), layers.BatchNormalization()])
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dense(3)(body(layers.Rescaling(0.5)(inputs))))
    x = samples((4,), 6)
    together = copies.copies(model, 3, "float32")
    assert {v.dtype for v in together.variables} == {"float32"}
    np.testing.assert_allclose(together(x.astype(np.float32)), model(x.astype(np.float32)), rtol=1e-5, atol=1e-6)
    assert [layer.name for layer in copies.copied_layers(model)] == [
        *(w.name for w in body.layers),
        model.layers[-1].name,
    ]


def test_state_operators_frozen_layers_and_equal_names_in_nested_networks():
    """Two nested networks with layers of one name, an adapted layer, operators, a frozen layer and the input itself."""
    keras.utils.set_random_seed(3)

    def block():
        parts = [keras.Input((4,)), layers.Dense(4, activation="tanh", name="same"), layers.Dropout(0.5, name="drop")]
        return keras.Sequential(parts)

    norm = layers.Normalization()
    norm.adapt(np.arange(40.0).reshape(10, 4))
    inputs = keras.Input((4,))
    x = norm(inputs * 0.3)
    x = x + block()(block()(x)) * 2
    x = layers.Dense(4, activation="tanh", trainable=False, name="frozen")(x)
    model = keras.Model(inputs, layers.Dense(3, name="last")(keras.ops.concatenate([x, inputs], axis=-1)))
    x = samples((4,), 6) * 4
    together = copies.copies(model, 3)
    np.testing.assert_allclose(together(x, training=False), precision.in_float64(model)(x), **EXACT)
    moving = copies.copied_layers(model)
    assert copies.unique_names(moving) == ["same", "same_2", "last"]
    for name in ("same", "same_2", "last"):  # each copy has its own
        kernel = together.get_layer(name).kernel
        assert kernel.shape[0] == 3
        kernel.assign(keras.ops.concatenate([kernel[:1], kernel[1:] + 0.1]))
    found, alone = together(x, training=False), precision.in_float64(model)(x)
    np.testing.assert_allclose(found[:2], alone[:2], **EXACT)
    assert np.abs(found[2:] - alone[2:]).min() > 1e-3
    assert len(together.trainable_variables) == 6


def test_copies_of_another_function_are_refused(monkeypatch):
    monkeypatch.setattr(copies.Linear, "call", lambda self, x, call=copies.Linear.call: call(self, x) * 1.01)
    with pytest.raises(ValueError, match=r"compute another function: outputs differ by 0\.01\d* of their size"):
        copies.copies(keras.Sequential([keras.Input((4,)), layers.Dense(3)]), 2)


def test_what_cannot_be_copied_is_named():
    inputs = keras.Input((8, 8, 2))

    def ending(x):
        return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))

    with pytest.raises(
        ValueError, match=r"layer 'deep' is a DepthwiseConv2D; parameters can be copied of Dense, Conv2D"
    ):
        copies.copies(ending(layers.DepthwiseConv2D(3, name="deep")(inputs)), 2)
    with pytest.raises(
        ValueError, match="layer 'apart' has 2 groups and data format channels_last; copies need 1 group"
    ):
        copies.copies(ending(layers.Conv2D(4, 3, groups=2, name="apart")(inputs)), 2)
    with pytest.raises(ValueError, match="layer 'rows' normalises axis 1; copies need the last axis"):
        copies.copies(ending(layers.BatchNormalization(axis=1, name="rows")(inputs)), 2)
    twice = layers.Conv2D(2, 1, name="twice")
    with pytest.raises(ValueError, match="layer 'twice' is used twice"):
        copies.copies(ending(twice(twice(inputs))), 2)
    with pytest.raises(ValueError, match="is no built Sequential or functional model"):
        copies.copies(keras.Sequential([layers.Dense(2)]), 2)
