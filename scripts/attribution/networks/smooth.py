"""Softplus in the place of ReLU, so that derivatives of gradients see its kinks."""

import keras
import tensorflow as tf

from attribution.networks import precision


def soften(model: keras.Model, beta: float) -> None:
    """Put softplus(beta z) / beta in the place of every ReLU of a network, unless beta is 0.

    A training moves units across their kinks, where ReLU's slope jumps and its second derivative sees nothing. With the
    jump spread over a width of about 1 / beta a training is smooth in the weights of its points. The whole training is
    softened, not the second derivative alone: a curvature beside the true slope would belong to no training, and grows
    without bound when it is pulled through the steps of one. ReLUs given as an activation and Activation layers are
    meant; a ReLU layer stays.

    Args:
        model: built, not yet traced. beta: per unit of the activation's input; 0 leaves ReLU as it is.
    """
    if not beta:
        return
    for layer in precision.layers(model):
        if getattr(layer, "activation", None) is keras.activations.relu:
            layer.activation = softplus(beta)


def softplus(beta: float):
    """softplus(beta z) / beta; it is within log(2) / beta of ReLU."""
    return lambda z: tf.nn.softplus(beta * z) / beta
