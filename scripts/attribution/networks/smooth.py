"""A smooth slope for ReLU, so that derivatives of gradients see its kinks."""

import keras
import tensorflow as tf

from attribution.networks import precision


def set_slope(model: keras.Model, beta: float) -> None:
    """Give every ReLU of a network, in place, the slope of softplus(beta z) / beta, unless beta is 0.

    A training moves units across their kinks, where ReLU's slope jumps and its second derivative sees nothing. With the
    jump spread over a width of about 1 / beta the gradients of a training are smooth in the weights. The slope enters
    the training too: a curvature beside the true slope would belong to no training, and grows without bound when it is
    pulled through the steps of one. ReLUs given as an activation and Activation layers are meant; a ReLU layer stays.

    Args:
        model: built, not yet traced. beta: per unit of the activation's input; 0 leaves ReLU as it is.
    """
    if not beta:
        return
    smooth = relu(beta)
    for layer in precision.layers(model):
        if getattr(layer, "activation", None) is keras.activations.relu:
            layer.activation = smooth


def relu(beta: float):
    """max(z, 0) with slope sigmoid(beta z), the derivative of softplus(beta z) / beta."""

    @tf.custom_gradient
    def smooth(z):
        def back(upstream):
            return upstream * tf.sigmoid(beta * z)

        return tf.nn.relu(z), back

    return smooth
