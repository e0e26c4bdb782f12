"""Dense layers."""

import keras
from keras import layers, regularizers

from attribution.networks import standard
from attribution.networks.layers import logits, rescaling


def build(input_shape: tuple, outputs: int, recipe: dict) -> keras.Model:
    """Dense layers with ReLU, dropout after each hidden layer, one linear output layer.

    Args:
        recipe: `hidden` (list of widths), `dropout` (rate), `l1` and `l2` (Keras kernel penalties), perhaps
            `rescale` or `standardise` (see `standard`).
    """
    penalty = {}
    if recipe["l1"] or recipe["l2"]:
        penalty = {"kernel_regularizer": regularizers.L1L2(l1=recipe["l1"], l2=recipe["l2"])}
    inputs = keras.Input(input_shape)
    x = rescaling(recipe["rescale"])(inputs) if "rescale" in recipe else inputs
    x = layers.Flatten()(x)
    if recipe.get("standardise"):
        x = standard.layer()(x)
    for width in recipe["hidden"]:
        x = layers.Dense(width, activation="relu", **penalty)(x)
        if recipe["dropout"]:
            x = layers.Dropout(recipe["dropout"])(x)
    return keras.Model(inputs, logits(outputs, **penalty)(x))
