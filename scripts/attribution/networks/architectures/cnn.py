"""A small convolutional network."""

import keras
from keras import layers

from attribution.networks.layers import image_inputs, logits


def build(input_shape: tuple, outputs: int, recipe: dict) -> keras.Model:
    """Three 3x3 convolutions of 32, 64 and 64 filters, each with 2x2 pooling, and a hidden layer of 64.

    Args:
        recipe: perhaps `activation` (relu without it) and `pooling` (max without it, or mean).
    """
    inputs, x = image_inputs(input_shape, recipe)
    activation = recipe.get("activation", "relu")
    pooling = layers.AveragePooling2D if recipe.get("pooling") == "mean" else layers.MaxPooling2D
    for filters in (32, 64, 64):
        if min(x.shape[1:3]) < 4:
            raise ValueError(
                f"images of shape {input_shape} are too small for architecture cnn, which needs 22 x 22 or more; "
                "use architecture mlp"
            )
        x = layers.Conv2D(filters, 3, activation=activation)(x)
        x = pooling(2)(x)
    x = layers.Dense(64, activation=activation)(layers.Flatten()(x))
    return keras.Model(inputs, logits(outputs)(x))
