"""ResNet-18."""

import keras
from keras import layers, regularizers

from attribution.networks.layers import image_inputs, logits

STAGE_BLOCKS = 2  # residual blocks a stage


def build(input_shape: tuple, outputs: int, recipe: dict) -> keras.Model:
    """ResNet-18 of He et al. 2016 with a 3x3 stem for small images; global average pooling, 512 features."""

    def convolution(x, filters, size, strides=1):
        x = layers.Conv2D(
            filters,
            size,
            strides,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            kernel_regularizer=regularizers.L2(recipe["l2"]),
        )(x)
        return layers.BatchNormalization()(x)

    inputs, x = image_inputs(input_shape, recipe)
    x = layers.ReLU()(convolution(x, 64, 3))
    for filters, first_strides in ((64, 1), (128, 2), (256, 2), (512, 2)):
        for strides in (first_strides,) + (1,) * (STAGE_BLOCKS - 1):
            y = layers.ReLU()(convolution(x, filters, 3, strides))
            y = convolution(y, filters, 3)
            if x.shape != y.shape:
                x = convolution(x, filters, 1, strides)
            x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, logits(outputs, kernel_regularizer=regularizers.L2(recipe["l2"]))(x))
