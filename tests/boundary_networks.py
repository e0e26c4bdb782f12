"""Small networks and points for tests of boundary scores in all layers."""

import keras
import numpy as np
from keras import layers


def dense(columns, inputs=6, seed=0, scale=1.0):
    """One Dense layer with weights of its own; the float32 values are what all forms see."""
    model = keras.Sequential([keras.Input((inputs,)), layers.Dense(columns)])
    rng = np.random.default_rng(seed)
    model.set_weights([scale * rng.normal(size=w.shape).astype(np.float32) for w in model.get_weights()])
    return model


def small(columns=3, seed=0):
    """Convolution, batch normalisation, pooling, hidden layer; 5 x 5 x 2 inputs."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            layers.Conv2D(3, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(4, activation="tanh"),
            layers.Dense(columns),
        ]
    )
    rng = np.random.default_rng(seed)
    model.layers[1].set_weights([rng.uniform(0.5, 1.5, w.shape) for w in model.layers[1].get_weights()])
    return model


def points(model, n=30, seed=1):
    return np.random.default_rng(seed).normal(size=(n, *model.input_shape[1:])).astype(np.float32)
