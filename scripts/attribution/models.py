"""Networks, by architecture name. Backend-neutral Keras 3; every network ends in logits, never in probabilities."""

import keras


def mlp(input_shape: tuple, outputs: int, recipe: dict) -> keras.Model:
    """Dense layers with ReLU, dropout after each hidden layer, one linear output layer.

    Args:
        input_shape: of one sample.
        outputs: 1 for two classes (a sigmoid's logit), else the number of classes.
        recipe: `hidden` (list of widths), `dropout` (rate), `l1` and `l2` (Keras kernel penalties).
    """
    penalty = {}
    if recipe["l1"] or recipe["l2"]:
        penalty = {"kernel_regularizer": keras.regularizers.L1L2(l1=recipe["l1"], l2=recipe["l2"])}
    inputs = keras.Input(input_shape)
    x = keras.layers.Flatten()(inputs)
    for width in recipe["hidden"]:
        x = keras.layers.Dense(width, activation="relu", **penalty)(x)
        if recipe["dropout"]:
            x = keras.layers.Dropout(recipe["dropout"])(x)
    return keras.Model(inputs, keras.layers.Dense(outputs, name="logits", **penalty)(x))


ARCHITECTURES = {"mlp": mlp}


def build(recipe: dict, input_shape: tuple, classes: int, seed: int) -> keras.Model:
    """A freshly initialised network; the same seed gives the same weights and the same dropout masks.

    Args:
        recipe: `architecture` and that architecture's own keys.
        input_shape: of one sample.
        classes: number of classes; two give one logit.
        seed: of Keras's, NumPy's and Python's generators.
    """
    keras.utils.set_random_seed(seed)
    return ARCHITECTURES[recipe["architecture"]](tuple(input_shape), 1 if classes == 2 else classes, recipe)


def last_dense(model: keras.Model) -> keras.layers.Dense:
    """The last Dense layer, which must be the network's output.

    Raises:
        ValueError: when there is none, or it does not give the output, or it applies a nonlinearity.
    """
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    if not dense:
        raise ValueError("the model has no Dense layer, and last-layer influence needs one that ends the network")
    if dense[-1].output is not model.output:
        raise ValueError(f"the last Dense layer '{dense[-1].name}' is not the model's output; end the model with it")
    if dense[-1].activation is not keras.activations.linear:
        raise ValueError(
            f"the last Dense layer '{dense[-1].name}' has activation '{dense[-1].activation.__name__}'; "
            "it must be linear, so that the model gives logits"
        )
    return dense[-1]


def penalties(layer: keras.layers.Layer) -> tuple[float, float]:
    """(l1, l2) of a layer's kernel penalty, 0 where there is none."""
    regularizer = getattr(layer, "kernel_regularizer", None)
    return (
        (float(getattr(regularizer, "l1", 0.0)), float(getattr(regularizer, "l2", 0.0))) if regularizer else (0.0, 0.0)
    )
