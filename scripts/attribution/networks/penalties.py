"""The penalties that the loss holds beside the cross-entropy: of every variable its own. Backend-neutral Keras 3.

Keras adds l1 sum |w| + l2 sum w^2 for each variable with such a regularizer; influence needs the gradient 2 l2 w + l1
sign(w) and the Hessian's diagonal 2 l2 (L1 is flat away from 0). What depends on the samples is refused by name.
"""

import keras
import numpy as np

from attribution.networks import precision

UNDERSTOOD = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)
ROUNDING = 1e-4  # of the penalty's value, summed by Keras in float32


def of_variable(variable) -> tuple[float, float]:
    """(l1, l2) of a variable's penalty, 0 where there is none.

    Raises:
        ValueError: for a penalty other than L1, L2 or both.
    """
    regularizer = getattr(variable, "regularizer", None)
    if regularizer is None:
        return 0.0, 0.0
    # a subclass may compute something else
    if type(regularizer) not in UNDERSTOOD:
        raise ValueError(
            f"variable '{variable.path}' has the penalty {type(regularizer).__name__}; only L1, L2 and L1L2 are "
            "understood: train without it"
        )
    return float(getattr(regularizer, "l1", 0.0)), float(getattr(regularizer, "l2", 0.0))


def derivatives(variables: list) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flat values of variables, one after another, and the first and second derivative of their penalties.

    Returns:
        theta (k,), decay (k,) diagonal of the penalties' Hessian, decay_gradient (k,), all float64.
    """
    theta, decay, slope = [], [], []
    for variable in variables:
        value = keras.ops.convert_to_numpy(variable).astype(np.float64).ravel()
        l1, l2 = of_variable(variable)
        theta.append(value)
        decay.append(np.full_like(value, 2 * l2))
        slope.append(2 * l2 * value + l1 * np.sign(value))
    return np.concatenate(theta), np.concatenate(decay), np.concatenate(slope)


def value(variables: list) -> float:
    """Sum of the variables' penalties."""
    total = 0.0
    for variable in variables:
        l1, l2 = of_variable(variable)
        w = keras.ops.convert_to_numpy(variable).astype(np.float64)
        total += l1 * np.abs(w).sum() + l2 * (w**2).sum()
    return total


def refuse_others(model: keras.Model, layers: list, x: np.ndarray) -> None:
    """Raise ValueError where one of these layers adds to the loss what depends on the samples.

    Args:
        model: the network. layers: those whose parameters count. x: a few samples, which go through the network in
            inference mode; afterwards `model.losses` must be the variables' penalties and nothing else.
    """
    for layer in layers:
        if getattr(layer, "activity_regularizer", None) is not None:
            raise ValueError(
                f"layer '{layer.name}' has an activity_regularizer, a penalty that depends on the samples and is not "
                "understood: train without it, or choose scope last_layer, which only asks this of the last layer"
            )
    inner = precision.layers(model)
    if len(layers) < len(inner):
        return
    model(x, training=False)
    theirs = float(sum(float(keras.ops.convert_to_numpy(part)) for part in model.losses))
    ours = value(model.trainable_variables)
    if not abs(theirs - ours) <= ROUNDING * max(abs(theirs), abs(ours)):
        raise ValueError(
            f"the losses of network '{model.name}' come to {theirs:.6g}, but the penalties of its variables to "
            f"{ours:.6g}: a layer adds to the loss by add_loss, which is not understood; train without it"
        )
