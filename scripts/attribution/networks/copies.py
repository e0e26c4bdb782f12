"""Many independent copies of a network's parameters in one network, on an extra leading axis. Backend-neutral Keras 3.

A convolution is cut into patches, by slicing, and one product of each copy's patches with its kernel; so Dense and
Conv2D end in the same layer, `Linear`, one batched matrix product whatever the number of copies. Batch normalisation,
in inference mode, is a standardisation with the shared moving statistics and a `Scale` of each copy's own.
"""

from itertools import count

import keras
import numpy as np
from keras import layers, ops

from attribution.networks import precision, same_function


class Patches(layers.Layer):
    """(N, height, width, channels) -> (N, rows, columns, patch): the windows of a convolution, side by side."""

    def __init__(self, size: tuple, strides: tuple, dilation: tuple, padding: str, **settings):
        super().__init__(**settings)
        self.size, self.strides, self.dilation, self.padding = size, strides, dilation, padding

    def windows(self, axis: int, length: int) -> tuple[int, int, int]:
        """Zeros before, zeros after and number of windows along an axis; `same` as in the convolution's definition."""
        reach = (self.size[axis] - 1) * self.dilation[axis] + 1
        if self.padding == "valid":
            return 0, 0, (length - reach) // self.strides[axis] + 1
        count = -(-length // self.strides[axis])
        added = max((count - 1) * self.strides[axis] + reach - length, 0)
        return added // 2, added - added // 2, count

    def compute_output_shape(self, shape):
        counts = [self.windows(axis, shape[1 + axis])[2] for axis in (0, 1)]
        return (shape[0], *counts, self.size[0] * self.size[1] * shape[3])

    def call(self, x):
        (above, below, rows), (left, right, columns) = (self.windows(axis, x.shape[1 + axis]) for axis in (0, 1))
        height, width, channels = above + x.shape[1] + below, left + x.shape[2] + right, x.shape[3]
        if above + below + left + right:
            x = ops.pad(x, ((0, 0), (above, below), (left, right), (0, 0)))
        down, along = self.strides
        # the corner of each of a window's places, and how far they reach over all windows
        corners = [
            (i * self.dilation[0], j * self.dilation[1]) for i in range(self.size[0]) for j in range(self.size[1])
        ]
        tall, wide = (rows - 1) * down + 1, (columns - 1) * along + 1

        # the slices' own gradients, one generic scatter each, took as long as the matrix products
        @ops.custom_gradient
        def cut(x):
            def gradient(*arguments, upstream=None):
                upstream = arguments[0] if upstream is None else upstream
                parts = []
                for place, (top, first) in enumerate(corners):
                    part = upstream[..., place * channels : (place + 1) * channels]
                    if down > 1 or along > 1:
                        part = part[:, :, None, :, None]
                        part = ops.pad(part, ((0, 0), (0, 0), (0, down - 1), (0, 0), (0, along - 1), (0, 0)))
                        part = ops.reshape(part, (-1, rows * down, columns * along, channels))[:, :tall, :wide]
                    around = ((top, height - top - tall), (first, width - first - wide))
                    parts.append(ops.pad(part, ((0, 0), *around, (0, 0))))
                return sum(parts[1:], start=parts[0])

            parts = [x[:, i : i + tall : down, j : j + wide : along] for i, j in corners]
            return (ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]), gradient

        return cut(x)


class Linear(layers.Layer):
    """(m * s, ..., inputs) -> (m * s, ..., outputs): each copy's s samples times its own `kernel`, plus its `bias`.

    `kernel` is (m, *kernel of the layer that it copies), `bias` (m, outputs) or None.
    """

    def __init__(self, copies: int, kernel_shape: tuple, use_bias: bool, **settings):
        super().__init__(**settings)
        self.copies, self.kernel_shape, self.use_bias = copies, tuple(kernel_shape), use_bias

    def build(self, shape):
        self.kernel = self.add_weight(shape=(self.copies, *self.kernel_shape), name="kernel")
        width = (self.copies, self.kernel_shape[-1])
        self.bias = self.add_weight(shape=width, name="bias") if self.use_bias else None

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.kernel_shape[-1])

    def call(self, x):
        kernel = ops.reshape(self.kernel, (self.copies, x.shape[-1], self.kernel_shape[-1]))
        z = ops.matmul(ops.reshape(x, (self.copies, -1, x.shape[-1])), kernel)
        if self.use_bias:
            z = z + self.bias[:, None]
        return ops.reshape(z, (-1, *x.shape[1:-1], self.kernel_shape[-1]))


class Standardise(layers.Layer):
    """The first half of batch normalisation in inference mode: (x - moving mean) / sqrt(moving variance + epsilon)."""

    def __init__(self, epsilon: float, **settings):
        super().__init__(**settings)
        self.epsilon = epsilon

    def build(self, shape):
        self.mean = self.add_weight(shape=shape[-1:], name="moving_mean", trainable=False)
        self.variance = self.add_weight(shape=shape[-1:], name="moving_variance", trainable=False)

    def compute_output_shape(self, shape):
        return shape

    def call(self, x):
        return (x - self.mean) / ops.sqrt(self.variance + self.epsilon)


class Scale(layers.Layer):
    """The second half: each copy's own `gamma` (m, channels) times its samples plus its `beta`, either may be None."""

    def __init__(self, copies: int, scale: bool, center: bool, **settings):
        super().__init__(**settings)
        self.copies, self.scale, self.center = copies, scale, center

    def build(self, shape):
        own = (self.copies, shape[-1])
        self.gamma = self.add_weight(shape=own, name="gamma") if self.scale else None
        self.beta = self.add_weight(shape=own, name="beta") if self.center else None

    def compute_output_shape(self, shape):
        return shape

    def call(self, x):
        flat = ops.reshape(x, (self.copies, -1, x.shape[-1]))
        if self.scale:
            flat = flat * self.gamma[:, None]
        if self.center:
            flat = flat + self.beta[:, None]
        return ops.reshape(flat, (-1, *x.shape[1:]))


# Layers whose parameters are copied, and the names of these in the layer.
COPIED = {
    layers.Dense: ("kernel", "bias"),
    layers.Conv2D: ("kernel", "bias"),
    layers.BatchNormalization: ("gamma", "beta"),
}
ENDINGS = ("_patches", "_activation", "_standardised")  # of what is made for a copied layer


def copies(model: keras.Model, m: int, dtype: str = "float64", samples: np.ndarray | None = None) -> keras.Model:
    """The same network with m independent copies of its parameters; all start as the model's own.

    A layer with parameters keeps its name, with a number where nested networks share it (`unique_names`); its arrays
    have a leading axis of length m. What is not trained (moving statistics, adapted normalisation, tables) is shared.
    The model itself is not changed, not even by being called.

    Args:
        model: Sequential or functional, one input and one output; perhaps with such networks inside.
        m: number of copies. dtype: of all parameters and of the computation.
        samples: (s, ...) inputs that go through the model and the copies; some are drawn without them.

    Returns:
        (m * s, *input_shape) -> (m * s, C), the first s samples through the first copy, and so on. For inference:
        call it with `training=False`.

    Raises:
        ValueError: for a layer with trainable parameters other than Dense, Conv2D and BatchNormalization, one of these
            in a form that is not understood, or one used twice; one sentence that names it. Also where the copies
            compute another function.
    """
    _require_graph(model)
    base = precision.copied(keras.Model(model.inputs[0], model.outputs[0]), dtype, samples)
    moving = copied_layers(base)
    named = dict(zip(map(id, moving), unique_names(moving), strict=True))
    _rename_others(base, named)
    found = []

    def copied(layer, *arguments, **keywords):
        if isinstance(layer, keras.Model):
            return run(keras.Model(layer.inputs, layer.outputs), keras.tree.flatten(arguments)[0])
        if id(layer) not in named:
            return layer(*arguments, **keywords)
        if layer in found:
            raise ValueError(f"layer '{layer.name}' is used twice; independent copies need a layer for each use")
        found.append(layer)
        return _with_parameters(layer, named[id(layer)], arguments[0], m, dtype)

    def run(network, x):
        done = []

        def call(layer, *arguments, **keywords):
            done.append(copied(layer, *arguments, **keywords))
            return done[-1]

        # a list of one tensor, as `inputs` has it; the last layer to be called gives the one output
        keras.models.clone_model(network, [x], clone_function=lambda layer: layer, call_function=call)
        return done[-1]

    # samples are rounded to what the model itself takes
    inputs = keras.Input(model.inputs[0].shape[1:], dtype=model.inputs[0].dtype)
    taken = base.inputs[0].dtype
    x = inputs if inputs.dtype == taken else layers.Identity(dtype=taken, name="taken")(inputs)
    result = keras.Model(inputs, run(keras.Model(base.inputs, base.outputs), x))
    for layer in found:
        _start(layer, named[id(layer)], result, m)
    _require_same(base, result, m, samples)
    return result


def copied_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers of `model` with trainable parameters, also in networks inside it, in their order."""
    result = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            result += [inner for inner in copied_layers(layer) if inner not in result]
        elif layer.trainable_variables:
            result.append(layer)
    return result


def unique_names(moving: list[keras.layers.Layer]) -> list[str]:
    """Names of the copied layers in the copies: a layer's own, with a number where another before has it."""
    result = []
    for layer in moving:
        result.append(_unused(layer.name, result))
    return result


def _unused(name: str, used) -> str:
    return name if name not in used else next(n for i in count(2) if (n := f"{name}_{i}") not in used)


def _rename_others(base: keras.Model, named: dict) -> None:
    """Give layers and operators that are not copied names that no other has: in the copies no network is nested."""
    used = {name + ending for name in named.values() for ending in ("", *ENDINGS)}
    waiting, seen = same_function.operations(base), set()
    while waiting:
        operation = waiting.pop(0)
        if isinstance(operation, keras.Model):
            waiting += same_function.operations(operation)
        elif id(operation) not in named and id(operation) not in seen:
            operation.name = _unused(operation.name, used)
            used.add(operation.name)
            seen.add(id(operation))


def _require_same(base: keras.Model, result: keras.Model, m: int, samples: np.ndarray | None) -> None:
    """Raise ValueError unless each of the m copies gives the base's outputs."""
    x = same_function.drawn(base) if samples is None else np.asarray(samples[: same_function.SAMPLES])
    expected, found = (
        keras.ops.convert_to_numpy(network(part, training=False))
        for network, part in ((base, x), (result, np.concatenate([x] * m)))
    )
    size = same_function.difference([np.concatenate([expected] * m)], [found])
    if not size <= same_function.ROUNDING["float32"]:
        raise ValueError(
            f"copies of the parameters of network '{base.name}' compute another function: outputs differ by {size:.2g} "
            "of their size; boundary scores in all layers are not possible for it, choose scope last_layer"
        )


def _require_graph(model) -> None:
    graph = isinstance(model, keras.Model) and model.built and len(getattr(model, "inputs", None) or []) == 1
    if not graph or len(model.outputs) != 1:
        name = getattr(model, "name", type(model).__name__)
        raise ValueError(
            f"network '{name}' is no built Sequential or functional model with one input and one output; make it one"
        )


def _with_parameters(layer, name: str, x, m: int, dtype: str):
    """Apply the copies of a layer that has parameters."""
    if type(layer) not in COPIED:
        known = ", ".join(kind.__name__ for kind in COPIED)
        raise ValueError(f"layer '{layer.name}' is a {type(layer).__name__}; parameters can be copied of {known} only")
    if isinstance(layer, layers.BatchNormalization):
        if layer.axis not in (-1, len(x.shape) - 1):
            raise ValueError(f"layer '{layer.name}' normalises axis {layer.axis}; copies need the last axis")
        x = Standardise(layer.epsilon, dtype=dtype, name=f"{name}_standardised")(x)
        return Scale(m, layer.scale, layer.center, dtype=dtype, name=name)(x)
    if isinstance(layer, layers.Conv2D):
        if layer.groups != 1 or layer.data_format != "channels_last":
            raise ValueError(
                f"layer '{layer.name}' has {layer.groups} groups and data format {layer.data_format}; "
                "copies need 1 group and channels_last"
            )
        cut = (layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding)
        x = Patches(*cut, dtype=dtype, name=f"{name}_patches")(x)
    z = Linear(m, layer.kernel.shape, layer.use_bias, dtype=dtype, name=name)(x)
    if layer.activation is keras.activations.linear:
        return z
    return layers.Activation(layer.activation, dtype=dtype, name=f"{name}_activation")(z)


def _start(layer, name: str, result: keras.Model, m: int) -> None:
    """Give all copies of a layer's parameters its own values."""
    own = result.get_layer(name)
    for part in COPIED[type(layer)]:
        if getattr(layer, part, None) is not None:
            value = ops.cast(ops.convert_to_tensor(getattr(layer, part)), own.dtype)
            getattr(own, part).assign(ops.repeat(value[None], m, axis=0))
    if isinstance(layer, layers.BatchNormalization):
        shared = result.get_layer(f"{name}_standardised")
        shared.mean.assign(layer.moving_mean)
        shared.variance.assign(layer.moving_variance)
