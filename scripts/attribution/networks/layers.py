"""Layers that architectures share: inputs of images, the head of the report's networks, logits. Backend-neutral.

Architectures for images share the recipe keys `rescale`, `flip`, `translation`, see `image_inputs`.
"""

import keras
from keras import layers, regularizers

NEGATIVE_SLOPE = 0.3  # of the leaky ReLU in the head of `resnet` and `vgg19`


def rescaling(rescale: dict) -> layers.Layer:
    """Layer that maps the interval `rescale["from"]` linearly onto `rescale["to"]`, computed in float32."""
    (low, high), (bottom, top) = rescale["from"], rescale["to"]
    scale = (top - bottom) / (high - low)
    return layers.Rescaling(scale, bottom - low * scale, dtype="float32")


def image_inputs(input_shape: tuple, recipe: dict) -> tuple:
    """Input, scaling and augmentation; the augmentation is active in training only.

    Args:
        input_shape: (height, width, channels), or (height, width) for grey images.
        recipe: `rescale` (see `rescaling`), `flip` (mirror half of the images, left to right), `translation`
            (largest shift as a share of height and width, the edge is repeated).

    Returns:
        (the model's input, the images that the first layer sees).

    Raises:
        ValueError: for samples that are not images.
    """
    if len(input_shape) not in (2, 3):
        raise ValueError(
            f"samples have shape {input_shape}, but architecture '{recipe['architecture']}' takes images of shape "
            "(height, width, channels) or (height, width); use architecture mlp, or a model of your own"
        )
    inputs = keras.Input(input_shape)
    x = inputs if len(input_shape) == 3 else layers.Reshape((*input_shape, 1))(inputs)
    x = rescaling(recipe["rescale"])(x)
    if recipe["flip"]:
        x = layers.RandomFlip("horizontal", dtype="float32")(x)
    if recipe["translation"]:
        shift = recipe["translation"]
        x = layers.RandomTranslation(shift, shift, fill_mode="nearest", dtype="float32")(x)
    return inputs, x


def logits(outputs: int, **settings) -> layers.Dense:
    """The last layer: linear, and in float32 also where the network computes in mixed precision."""
    return layers.Dense(outputs, name="logits", dtype="float32", **settings)


def head(x, outputs: int, recipe: dict):
    """Flatten, Dense 128, dropout, leaky ReLU, logits, as in the report's networks; `dropout`, `l1`, `l2` of recipe."""

    def penalty():
        return regularizers.L1L2(l1=recipe["l1"], l2=recipe["l2"])

    x = layers.Dense(128, kernel_regularizer=penalty())(layers.Flatten()(x))
    x = layers.LeakyReLU(negative_slope=NEGATIVE_SLOPE)(layers.Dropout(recipe["dropout"])(x))
    return logits(outputs, kernel_initializer="he_normal", kernel_regularizer=penalty())(x)
