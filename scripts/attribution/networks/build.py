"""Build a network from its recipe, and find its last layer. Backend-neutral Keras 3."""

import importlib.util
from collections.abc import Callable

import keras
import numpy as np

from attribution.networks import architectures, precision, standard
from attribution.networks.own import OWN


def build(recipe: dict, input_shape: tuple, classes: int, seed: int, samples: np.ndarray | None = None) -> keras.Model:
    """A freshly initialised network, or the user's; the same seed gives the same weights and the same dropout masks.

    Every network ends in logits, never in probabilities.

    Args:
        recipe: `architecture` and that architecture's own keys; `mixed_precision` auto computes in float16 with float32
            weights where there is a GPU.
        input_shape: of one sample.
        classes: number of classes; two give one logit (a model of the user's may give two).
        seed: of Keras's, NumPy's and Python's generators.
        samples: (s, *input_shape) of the data, with which a network of the user's is compared with its copies; all
            training points where the recipe has `standardise`, whose layer is fitted on them.

    Raises:
        ValueError: when the architecture does not fit the samples; one sentence.
    """
    keras.utils.set_random_seed(seed)
    name, shape = recipe["architecture"], tuple(int(size) for size in input_shape)
    if name in OWN:
        return OWN[name](recipe, shape, classes, samples)
    model = fresh(architecture(name), recipe, shape, classes, seed)
    if recipe.get("standardise"):
        standard.fit(model, samples)
    return model


def architecture(name: str) -> Callable:
    """`build` of architectures/NAME.py. No import names those files: a new one then changes no other network's code.

    Raises:
        ValueError: when there is no such file.
    """
    module = f"{architectures.__name__}.{name}"
    if not name.isidentifier() or importlib.util.find_spec(module) is None:
        raise ValueError(f"architecture is '{name}', and networks/architectures has no {name}.py; add it")
    return importlib.import_module(module).build


def fresh(architecture: Callable, recipe: dict, input_shape: tuple, classes: int, seed: int) -> keras.Model:
    """A freshly initialised network of one of the architectures; arguments as `build`."""
    keras.utils.set_random_seed(seed)
    with precision.computing_in(precision.policy(recipe)):
        return architecture(input_shape, 1 if classes == 2 else classes, recipe)


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
