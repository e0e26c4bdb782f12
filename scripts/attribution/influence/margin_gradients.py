"""Gradients of every sample's margin in all trainable parameters, in factors where a layer is Dense or Conv2D.

The gradient of a kernel and its bias is A^T E, a sum over the layer's positions: a row of A is what the layer sees
there (for Conv2D a patch, flattened as the kernel is; 1 appended for the bias), a row of E the margin's derivative in
what leaves the layer before its activation. So a gradient need not exist to be projected or compared. Other variables
have their gradients as they are, one vectorised backward pass for a batch.

This is for one derivative a sample of any network, as TRAK and TracIn take; `curvature.network` is for several a
sample, as a curvature takes, refuses layers that are neither Dense nor Conv2D, and can be asked at other parameters.
"""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from attribution.networks import precision

# Bytes of one part's rows of A in one batch.
BATCH_BYTES = 256 << 20


class Part(NamedTuple):
    """Parameters whose gradients belong together: a layer's kernel and bias, or a variable.

    `name`; `inputs` (bias included) and `outputs`, sizes of both factors, `outputs` 0 for a variable of `inputs`
    numbers; `rows` positions of a sample.
    """

    name: str
    inputs: int
    outputs: int
    rows: int

    @property
    def size(self) -> int:
        """Parameters."""
        return self.inputs * max(self.outputs, 1)


class Network(NamedTuple):
    """A network of which gradients are asked.

    Attributes:
        parts: in the order in which `derive` gives them. model: in inference mode.
        derive: (x (b, ...), labels (b,)) -> logits (b, C) and of each part (A (b, r, I), E (b, r, O)) or (g (b, k),);
            tensors, to be called inside a tf.function.
    """

    parts: list[Part]
    model: keras.Model
    derive: Callable

    @property
    def dtype(self) -> tf.DType:
        """Of all gradients: that of the logits."""
        return tf.as_dtype(self.model.output.dtype)


def network(model: keras.Model, x: np.ndarray) -> Network:
    """The network's parts and how their gradients are had; of a copy, the model itself stays as it is.

    Args:
        model: functional or Sequential, one input and one output of logits. x: (n, ...) samples, n at least 1.

    Raises:
        ValueError: when the network cannot be copied, see `precision.copied`, or has no trainable parameter.
    """
    copy = precision.copied(model, "float32" if precision.is_mixed(model) else None, x)
    if not copy.trainable_variables:
        raise ValueError(f"network '{model.name}' has no trainable parameter, so its margins have no gradients")
    records, layers = {}, _factored(copy)
    for layer in layers:
        _recorded(layer, records)
    owned = {id(variable) for layer in layers for variable in layer.trainable_variables}
    plain = [variable for variable in copy.trainable_variables if id(variable) not in owned]
    watched = [variable.value for variable in copy.trainable_variables]

    def derive(part, labels):
        records.clear()
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(watched)
            logits = copy(part, training=False)
            seeds = tf.stop_gradient(margin_seeds(logits, labels))
            total = tf.reduce_sum(seeds * logits)
        outputs = [z for layer in layers for _, z in records[id(layer)]]
        slopes = iter(tape.gradient(total, outputs, unconnected_gradients=tf.UnconnectedGradients.ZERO))
        found = []
        for layer in layers:
            # a layer that is used several times: its uses stand one below the other
            uses = [_rows(layer, a, next(slopes)) for a, _ in records[id(layer)]]
            found.append(tuple(tf.concat(factors, 1) for factors in zip(*uses, strict=True)))
        if plain:
            found += [(g,) for g in _plain(copy, [variable.value for variable in plain], part, seeds)]
        return logits, [tuple(tf.cast(factor, logits.dtype) for factor in factors) for factors in found]

    _, first = tf.function(derive)(_samples(copy, x[:1]), tf.zeros(1, tf.int64))
    names = [layer.name for layer in layers] + [variable.path for variable in plain]
    parts = [
        Part(name, factors[0].shape[-1], factors[1].shape[-1], factors[0].shape[1])
        if len(factors) == 2
        else Part(name, factors[0].shape[-1], 0, 1)
        for name, factors in zip(names, first, strict=True)
    ]
    return Network(parts, copy, derive)


def batches(found: Network, x: np.ndarray, labels: np.ndarray, batch: int, use: Callable):
    """Go through samples a batch at a time.

    Args:
        x: (n, ...). labels: (n,). batch: samples a pass, fewer where a batch would take more than BATCH_BYTES; does
            not change the result beyond rounding.
        use: the list of all parts' factors -> list of tensors, as a part of the TensorFlow function.

    Yields:
        slice of the samples, logits (b, C), list of arrays.
    """
    widest = max(part.rows * (part.inputs + part.outputs) for part in found.parts) * found.dtype.size
    batch = max(1, min(batch, BATCH_BYTES // widest))

    @tf.function(reduce_retracing=True)
    def one(part, of_part):
        logits, factors = found.derive(part, of_part)
        return logits, use(factors)

    for start in range(0, len(x), batch):
        where = slice(start, min(start + batch, len(x)))
        logits, arrays = one(_samples(found.model, x[where]), tf.constant(labels[where], tf.int64))
        yield where, logits.numpy(), [array.numpy() for array in arrays]


def margin_seeds(logits, labels):
    """Derivative of the margin log(p_y / (1 - p_y)) in the logits: `residuals.margin_gradients` in TensorFlow.

    Args:
        logits: (b, C). labels: (b,) int64.
    """
    if logits.shape[1] == 1:
        return tf.cast(2 * labels[:, None] - 1, logits.dtype)
    own = tf.one_hot(labels, logits.shape[1], on_value=True, off_value=False)
    others = tf.where(own, tf.constant(-np.inf, logits.dtype), logits)
    return tf.where(own, tf.ones_like(logits), -tf.nn.softmax(others))


def _samples(model: keras.Model, part: np.ndarray) -> tf.Tensor:
    return tf.constant(part, tf.as_dtype(model.inputs[0].dtype))


def _factored(model: keras.Model) -> list[keras.layers.Layer]:
    """Dense and Conv2D layers of the graph and of networks inside it, all of whose parameters are trained and theirs.

    Those inside wrappers (recurrent cells, TimeDistributed) are not: a loop's tensors cannot be had outside it.
    """
    count, found = {}, []
    for layer in precision.layers(model):
        for variable in layer.variables:
            count[id(variable)] = count.get(id(variable), 0) + 1
    for layer in _of_graph(model):
        plain = type(layer) is keras.layers.Dense and not layer.quantization_mode and not layer.lora_enabled
        window = type(layer) is keras.layers.Conv2D and layer.data_format == "channels_last" and layer.groups == 1
        window = window and not layer.lora_enabled and layer.padding in ("same", "valid")
        whole = len(layer.trainable_variables) == len(layer.variables) == 1 + layer.use_bias if plain or window else 0
        if whole and all(count[id(variable)] == 1 for variable in layer.variables):
            found.append(layer)
    return found


def _of_graph(model: keras.Model) -> list[keras.layers.Layer]:
    found = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found += [inner for inner in _of_graph(layer) if inner not in found]
        elif layer not in found:
            found.append(layer)
    return found


def _recorded(layer: keras.layers.Layer, records: dict) -> None:
    """Make a layer note what enters it and what leaves it before its activation."""
    linear, activation = layer.call, layer.activation
    layer.activation = keras.activations.linear

    def call(inputs, *arguments, **keywords):
        z = linear(inputs, *arguments, **keywords)
        records.setdefault(id(layer), []).append((inputs, z))
        return activation(z)

    layer.call = call


def _rows(layer: keras.layers.Layer, a, e):
    """Rows of A with the 1 of the bias, and of E, from a layer's input and the derivative in its output."""
    if isinstance(layer, keras.layers.Conv2D):
        around = [[1, *pair, 1] for pair in (layer.kernel_size, layer.strides, layer.dilation_rate)]
        a = tf.image.extract_patches(a, *around, padding=layer.padding.upper())
    a, e = (tf.reshape(tensor, (tf.shape(tensor)[0], _positions(tensor), tensor.shape[-1])) for tensor in (a, e))
    a = tf.cast(a, e.dtype)
    return (tf.concat([a, tf.ones_like(a[:, :, :1])], 2) if layer.use_bias else a), e


def _positions(tensor) -> int:
    return int(np.prod(tensor.shape[1:-1], dtype=np.int64)) if None not in tensor.shape[1:-1] else -1


def _plain(model: keras.Model, variables: list, x, seeds) -> list:
    """(b, k) gradients of each variable, flat."""

    def one(pair):
        sample, seed = pair
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            total = tf.reduce_sum(seed * model(sample[None], training=False))
        slopes = tape.gradient(total, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [tf.reshape(tf.convert_to_tensor(slope), [-1]) for slope in slopes]

    found = tf.vectorized_map(one, (x, seeds))
    return [tf.ensure_shape(g, (None, int(np.prod(v.shape)))) for g, v in zip(found, variables, strict=True)]
