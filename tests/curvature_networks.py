"""Small networks whose curvature tests compute by other ways."""

import keras
import numpy as np
from keras import layers, regularizers

from attribution.networks import build, precision


def mlp(classes: int = 2):
    """A tiny MLP with penalties, its float64 copy, samples and labels."""
    recipe = {"architecture": "mlp", "hidden": [5, 4], "dropout": 0.3, "l1": 0.0, "l2": 0.01}
    model = build.build(recipe, (2,), classes, 0)
    return _with_samples(model, (2,), classes, 13)


def cnn():
    """A tiny network of convolutions: strides, padding, dilation, a layer without bias, one nested in a model."""
    keras.utils.set_random_seed(1)
    inner_inputs = keras.Input((4, 4, 3))
    inner = keras.Model(
        inner_inputs, layers.Conv2D(4, 2, use_bias=False, activation="relu", dilation_rate=2)(inner_inputs)
    )
    inputs = keras.Input((8, 8, 2))
    h = layers.Conv2D(3, 3, strides=2, padding="same", activation="gelu", kernel_regularizer=regularizers.L2(0.01))(
        inputs
    )
    outputs = layers.Dense(3)(layers.Flatten()(layers.AveragePooling2D(2)(inner(h))))
    return _with_samples(keras.Model(inputs, outputs), (8, 8, 2), 3, 9)


def softmax_regression(n: int = 40, d: int = 4, classes: int = 3):
    """One Dense layer in float64 with a penalty on its kernel."""
    rng = np.random.default_rng(2)
    inputs = keras.Input((d,), dtype="float64")
    layer = layers.Dense(classes, dtype="float64", kernel_regularizer=regularizers.L2(0.02))
    model = keras.Model(inputs, layer(inputs))
    model.set_weights([rng.normal(size=(d, classes)), rng.normal(size=classes)])
    return model, model, rng.normal(size=(n, d)), rng.integers(0, classes, n)


def _with_samples(model, shape: tuple, classes: int, n: int):
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:
        # biases start at zero, where they test little
        variable.assign(variable + 0.1 * rng.normal(size=variable.shape))
    x = rng.normal(size=(n, *shape)).astype("float32")
    return model, precision.in_float64(model, x), x, rng.integers(0, classes, n)
