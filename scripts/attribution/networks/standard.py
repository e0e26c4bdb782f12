"""Inputs brought to mean 0 and standard deviation 1 inside the network, by the training set. Backend-neutral."""

import keras
import numpy as np
from keras import layers

from attribution.networks.same_function import layers as all_layers

NAME = "standardised"


def layer() -> layers.Layer:
    """Normalization of each input of a flat sample; what it subtracts and divides by is set by `fit`."""
    return layers.Normalization(axis=-1, name=NAME, dtype="float32")


def fit(model: keras.Model, x: np.ndarray) -> None:
    """Set the layer's means and variances to those of the training set, in place.

    An input that is the same in all points is divided by 1, as in scikit-learn's StandardScaler: a test point that
    differs there gives no huge number.

    Args:
        model: with `layer` behind its inputs, or flattened ones. x: (n, ...) training points.
    """
    found = model.get_layer(NAME)
    flat = x.reshape(len(x), -1)
    mean, variance = flat.mean(axis=0, dtype=np.float64), flat.var(axis=0, dtype=np.float64)
    found.set_weights([mean, np.where(variance > 0, variance, 1.0), np.array(len(x))])
    found.finalize_state()


def moving(model: keras.Model) -> list[keras.Variable]:
    """Variables beside the trainable ones that a step of training changes: all but those that layers were fitted with.

    Moving averages and generators of masks are among them: where there are some, what a sample does in a batch depends
    on the batch's other samples.
    """
    fitted = [layer for layer in all_layers(model) if isinstance(layer, layers.Normalization)]
    fixed = {id(variable) for layer in fitted for variable in layer.non_trainable_variables}
    return [variable for variable in model.non_trainable_variables if id(variable) not in fixed]
