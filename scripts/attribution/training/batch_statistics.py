"""Batch normalisation that counts points by their weights: a point of weight 0 has left the batch's statistics too."""

import contextlib
import functools
from collections.abc import Iterator

import keras
import tensorflow as tf
from keras import ops

from attribution.networks import precision


def normalising(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers that normalise by their batch.

    Raises:
        ValueError: one sentence, for a layer whose statistics are not those of its batch alone.
    """
    found = [layer for layer in precision.layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in found:
        for option in ("renorm", "synchronized"):
            if getattr(layer, option, False):
                raise ValueError(
                    f"layer '{layer.name}' has {option}=True, and a training with it cannot be replayed without some "
                    f"points; build the network without {option}, or leave metagradients and image truths out"
                )
    return found


@contextlib.contextmanager
def counted(layers: list[keras.layers.Layer], weights: tf.Tensor) -> Iterator[None]:
    """Within it the layers take means over points in training by weights (b,): sum_i w_i x_i / sum_i w_i.

    With all weights 1 that is what Keras does, moving averages included; with a weight of 0 it is the batch of the
    others. Derivatives in the weights see both the loss and the statistics.
    """
    for layer in layers:
        layer.call = functools.partial(normalised, layer, layer.call, weights)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def normalised(layer, usual, weights: tf.Tensor, inputs: tf.Tensor, training: bool = False, mask=None) -> tf.Tensor:
    """The layer's output, and its moving averages after it; `usual`, its own call, outside training.

    Args:
        inputs: (b, ...).
    """
    if not (training and layer.trainable):
        return usual(inputs, training=training, mask=mask)
    x = tf.cast(inputs, layer.moving_mean.dtype)
    axis = layer.axis % x.shape.rank
    axes = [i for i in range(x.shape.rank) if i != axis]
    each = tf.reshape(tf.cast(weights, x.dtype), [-1] + [1] * (x.shape.rank - 1))
    # of all positions of a point
    total = tf.reduce_sum(each * tf.ones_like(x), axes)
    mean = tf.reduce_sum(each * x, axes) / total
    centred = x - tf.reshape(mean, [-1 if i == axis else 1 for i in range(x.shape.rank)])
    variance = tf.reduce_sum(each * tf.square(centred), axes) / total
    for moving, value in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        moving.assign(moving * layer.momentum + value * (1 - layer.momentum))
    gamma, beta = (layer.gamma if layer.scale else None), (layer.beta if layer.center else None)
    found = ops.batch_normalization(x, mean, variance, axis=layer.axis, offset=beta, scale=gamma, epsilon=layer.epsilon)
    return tf.cast(found, layer.compute_dtype)
