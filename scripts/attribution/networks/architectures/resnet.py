"""The report's residual network."""

import keras
from keras import layers, regularizers

from attribution.networks.layers import head, image_inputs


def build(input_shape: tuple, outputs: int, recipe: dict) -> keras.Model:
    """The report's residual network: 20 layers deep, three stages of 16, 32 and 64 filters, and the shared `head`.

    Both convolutions of a block are followed by batch normalisation and ReLU; nothing follows the addition.
    """

    def convolution(x, filters, size, strides=1):
        return layers.Conv2D(
            filters,
            size,
            strides,
            padding="same",
            kernel_initializer="he_normal",
            kernel_regularizer=regularizers.L2(recipe["l2"]),
        )(x)

    def normalised(x):
        return layers.ReLU()(layers.BatchNormalization()(x))

    inputs, x = image_inputs(input_shape, recipe)
    x = normalised(convolution(x, 16, 3))
    for filters, first_strides in ((16, 1), (32, 2), (64, 2)):
        for strides in (first_strides, 1, 1):
            y = normalised(convolution(x, filters, 3, strides))
            y = normalised(convolution(y, filters, 3))
            if x.shape != y.shape:
                x = layers.BatchNormalization()(convolution(x, filters, 1, strides))
            x = layers.Add()([x, y])
    return keras.Model(inputs, head(normalised(x), outputs, recipe))
