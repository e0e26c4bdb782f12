"""Networks that the user brings: a trained .keras file, or a Python file that builds one. Backend-neutral Keras 3."""

import runpy
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from attribution.networks import keras_files, precision, same_function
from attribution.networks.layers import rescaling
from attribution.networks.same_function import first_line

# What may stand between the last Dense layer and the output: it is left out, and the logits stay.
NORMALISERS = ("softmax", "sigmoid", "linear")


def from_keras_file(recipe: dict, input_shape: tuple, classes: int, samples: np.ndarray | None = None) -> keras.Model:
    """The trained network of `recipe["path"]`, ending in logits (see `ending_in_logits`); in float32 where it is mixed.

    Raises:
        ValueError: when the file cannot be read, or holds no network that gives logits for this data.
    """
    path = recipe["path"]
    keras_files.require(path, "a .keras file")
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise ValueError(
            keras_files.reason(path, keras.__version__)
            or f"{path} is not a .keras file that loads in safe mode ({first_line(error)}); save it with "
            "model.save('NAME.keras'), without Lambda layers and classes of your own"
        ) from error
    single = "float32" if precision.is_mixed(model) else None
    return ending_in_logits(model, recipe, input_shape, classes, samples, single)


def from_python_file(recipe: dict, input_shape: tuple, classes: int, samples: np.ndarray | None = None) -> keras.Model:
    """An untrained network from `build(input_shape, classes)` of the file `recipe["path"]`, ending in logits.

    Raises:
        ValueError: when there is no such function, it fails, or its network cannot be used or stored.
    """
    path = recipe["path"]
    keras_files.require(path, "a Python file with build(input_shape, classes)")
    try:
        with settings_kept():
            build = runpy.run_path(path).get("build")
            model = build(input_shape, classes) if callable(build) else None
    except Exception as error:
        raise ValueError(f"{path}: build{(input_shape, classes)} fails with {first_line(error)}") from error
    if not callable(build):
        raise ValueError(f"{path} defines no function build(input_shape, classes); add one that returns a keras.Model")
    require_graph(model, path, input_shape)
    return ending_in_logits(model, recipe, input_shape, classes, samples)


@contextmanager
def settings_kept() -> Iterator[None]:
    """Put Keras's settings back after a block in which a user's file may change them."""
    with precision.computing_in(keras.config.dtype_policy()):
        floatx, order = keras.config.floatx(), keras.config.image_data_format()
        try:
            yield
        finally:
            keras.config.set_floatx(floatx)
            keras.config.set_image_data_format(order)


def require_graph(model, path: str, input_shape: tuple) -> None:
    """Raise ValueError unless it is a Sequential or functional network with one input; an unbuilt one is built."""
    if not isinstance(model, keras.Model):
        raise ValueError(f"{path} gives a {type(model).__name__}; it must be a keras.Model")
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *input_shape))
    if len(getattr(model, "inputs", None) or []) != 1:
        raise ValueError(
            f"{path}: the network is a subclass of keras.Model, or has several inputs; "
            "write it as a Sequential or functional model with one input"
        )


def ending_in_logits(
    model: keras.Model,
    recipe: dict,
    input_shape: tuple,
    classes: int,
    samples: np.ndarray | None = None,
    dtype: str | None = None,
) -> keras.Model:
    """A copy of the network, cut after its last Dense layer, which gives logits.

    A softmax (for one output a sigmoid) on that layer or as the layer after it is left out.

    Args:
        model: functional or Sequential, one input.
        recipe: `path` for messages; perhaps `last_layer`, the name of the Dense layer after which to cut, for networks
            with several outputs or further layers; perhaps `rescale` (see `layers.rescaling`), put in front.
        input_shape: of one sample. classes: number of classes.
        samples: (s, *input_shape) that go through the network and through the result; some are drawn without them.
        dtype: precision of the copy, see `precision.copied`.

    Returns:
        functional model (n, *input_shape) -> (n, classes), or (n, 1) for two classes if the network has one output.

    Raises:
        ValueError: one sentence.
    """
    path = recipe["path"]
    require_graph(model, path, input_shape)
    expected = tuple(model.inputs[0].shape[1:])
    fits = len(expected) == len(input_shape)
    if not fits or any(a not in (None, b) for a, b in zip(expected, input_shape, strict=True)):
        raise ValueError(f"{path}: the network takes samples of shape {expected}, but the data has {input_shape}")
    # a copy in which every layer is called once for each use: one read from a file may hold calls from its assembly
    flat = keras.Model(model.inputs[0], model.outputs if len(model.outputs) > 1 else model.outputs[0])
    scaled = rescaling(recipe["rescale"]) if "rescale" in recipe else None
    seen = samples if samples is None or scaled is None else keras.ops.convert_to_numpy(scaled(samples))
    try:
        model = precision.copied(flat, dtype, seen)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error

    dense = last_layer(model, recipe)
    check_ending(model, dense, recipe)
    shape = tuple(dense.output.shape[1:])
    if shape != (classes,) and not (classes == 2 and shape == (1,)):
        raise ValueError(
            f"{path}: layer '{dense.name}' gives outputs of shape {shape}, but the data has {classes} classes; "
            f"it must be Dense({classes})" + (" or Dense(1)" if classes == 2 else "")
        )
    if shape == (1,) and "softmax" in endings(model, dense):
        raise ValueError(
            f"{path}: a softmax over the one output of '{dense.name}' is always 1; use a sigmoid or linear"
        )
    if len(shape) == 1 and shape[0] > 1 and "sigmoid" in endings(model, dense):
        raise ValueError(
            f"{path}: '{dense.name}' has a sigmoid for each of {shape[0]} outputs, so classes do not exclude each "
            "other; train it with a softmax or as logits"
        )

    exact = "float64" if dense.compute_dtype == "float64" else "float32"
    settings = dense.get_config() | {"activation": "linear", "dtype": exact}
    logits = keras.layers.Dense.from_config(settings)
    inputs, features = model.input, dense.input
    if scaled is not None:
        inputs = keras.Input(input_shape)
        features = keras.Model(model.input, dense.input, name="body")(scaled(inputs))
    result = keras.Model(inputs, logits(features))
    logits.set_weights(dense.get_weights())
    activated = keras.Model(result.input, keras.layers.Activation(dense.activation)(result.output))
    whole = keras.Model(model.input, dense.output)
    if scaled is not None:
        fresh = keras.Input(input_shape)
        whole = keras.Model(fresh, whole(scaled(fresh)))
    try:
        same_function.require(whole, activated, samples)
    except ValueError as error:
        raise ValueError(f"{path}, cut after '{dense.name}': {error}") from error
    return result


def last_layer(model: keras.Model, recipe: dict) -> keras.layers.Dense:
    """The Dense layer that `recipe["last_layer"]` names, else the last one.

    Raises:
        ValueError: when there is none, or it has another name.
    """
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    names = ", ".join(layer.name for layer in dense)
    if not dense:
        raise ValueError(
            f"{recipe['path']}: the network has no Dense layer at its top level, but influence is computed in the last "
            "Dense layer; end the network with Dense(classes)"
        )
    named = recipe.get("last_layer", dense[-1].name)
    found = [layer for layer in dense if layer.name == named]
    if not found:
        raise ValueError(f"{recipe['path']}: last_layer is '{named}', which is no Dense layer; allowed are {names}")
    return found[0]


def after(model: keras.Model, dense: keras.layers.Dense) -> list[keras.layers.Layer] | None:
    """Layers between `dense` and the model's output, in order; None when they are no simple chain or not connected."""
    following, found = [], dense
    while found.output is not model.output:
        users = [layer for layer in model.layers if any(x is found.output for x in keras.tree.flatten(layer.input))]
        if len(users) != 1 or users[0] in following:
            return None
        found = users[0]
        following.append(found)
    return following


def endings(model: keras.Model, dense: keras.layers.Dense) -> list[str]:
    """Names of the functions applied to the Dense layer's sums up to the output; other layers by their own name."""
    found = [dense.activation.__name__]
    for layer in after(model, dense) or []:
        activation = "softmax" if isinstance(layer, keras.layers.Softmax) else None
        if isinstance(layer, keras.layers.Activation):
            activation = layer.activation.__name__
        found.append(activation or layer.name)
    return found


def check_ending(model: keras.Model, dense: keras.layers.Dense, recipe: dict) -> None:
    """Raise ValueError when what follows the Dense layer's sums is more than a softmax, sigmoid or nothing.

    A layer named in the recipe may have further layers after it; they are left out.
    """
    path = recipe["path"]
    if dense.activation.__name__ not in NORMALISERS:
        raise ValueError(
            f"{path}: the last Dense layer '{dense.name}' has activation '{dense.activation.__name__}'; "
            "it must be linear (logits), softmax or, for one output, sigmoid"
        )
    if "last_layer" in recipe:
        return
    if after(model, dense) is None:
        raise ValueError(
            f"{path}: the last Dense layer '{dense.name}' is not the only way to the output, or is used twice; "
            "name the Dense layer that gives the logits in last_layer"
        )
    others = [name for name in endings(model, dense) if name not in NORMALISERS]
    if others:
        raise ValueError(
            f"{path}: after the last Dense layer '{dense.name}' comes '{others[0]}'; end the network with that Dense "
            f"layer, or set last_layer: {dense.name} to cut it there"
        )


OWN = {"keras-file": from_keras_file, "python-file": from_python_file}
