"""Memory and operations of boundary scores in all layers, predicted before they start. Backend-neutral Keras 3."""

import keras

from attribution.costs import networks as network_cost
from attribution.costs import stages as cost
from attribution.networks import copies

# Steps a point, as measured on CIFAR-10 with `cnn`.
STEPS = 3


def of_points(model: keras.Model, points: int, slots: int, dtype: str) -> dict:
    """DeepFool in all layers, `slots` points at a time with a copy of the parameters each; see `cost` for the fields.

    A copy has its start, gradient, direction, moved values and one temporary. Its backward pass holds the derivatives
    of all class differences in every number that the layers give, patches of convolutions among them, and as much again
    in temporaries. Backpropagation of a class difference takes two forward passes.
    """
    found, others = network_cost.sizes(model), max(2, model.output_shape[-1]) - 1
    activations = network_cost.sizes(copies.copies(model, 1, dtype))["activations"]
    itemsize = cost.FLOAT64 if dtype == "float64" else cost.FLOAT32
    return {
        "points": points,
        "slots": slots,
        "parameters": found["parameters"],
        "bytes": cost.INTERPRETER + slots * itemsize * (5 * found["parameters"] + (2 * others + 1) * activations),
        "flops": STEPS * points * found["flops"] * (2 + 2 * others),
    }
