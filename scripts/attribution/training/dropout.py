"""The dropout masks that Keras draws while it trains a network: those of the run itself, for many networks at once."""

import keras
import numpy as np
import tensorflow as tf


def masks(model: keras.Model, rows: list[int]) -> list[np.ndarray]:
    """What each Dropout layer keeps in each batch of a training, as `keras.Model.train_on_batch` draws it.

    Args:
        model: freshly built with its seed, as no batch has gone through it; it stays as it is.
        rows: samples of each batch, in order.

    Returns:
        for each batch (rows, units) bool, the units of all Dropout layers side by side in the order of the layers.
    """
    kept = [[] for _ in rows]
    for layer in model.layers:
        if not isinstance(layer, keras.layers.Dropout):
            continue
        width = layer.output.shape[-1]
        state = [variable.value for variable in layer.non_trainable_variables]

        @tf.function(reduce_retracing=True)
        def draw(ones, state, layer=layer):
            return layer.stateless_call([], state, ones, training=True)

        for place, count in enumerate(rows):
            scaled, state = draw(tf.ones((count, width)), state)
            kept[place].append(scaled.numpy() > 0)
    return [np.concatenate(parts, axis=1) for parts in kept]
