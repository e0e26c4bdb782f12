"""A network opened at every Dense and Conv2D layer: what goes into it, and derivatives of logits in what comes out.

The gradient of a combination of logits in a layer's kernel and bias is A^T E for each sample, with A (positions, I) the
layer's inputs, patches for a convolution, with a column of ones for the bias, and E (positions, O) the derivative in
its outputs before the activation. Everything here is in inference mode.

This is for curvatures, which take several derivatives a sample, at given parameters, and whose penalties are known;
`influence.margin_gradients` takes one, the margin's, of networks with any layer.

Parameters are flat: layer after layer, each as its (I, O) matrix in rows, the bias last. Vectors are rows, (b, k).
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from attribution.networks import copies, penalties, precision

# bytes of one batch's inputs, derivatives and per-sample gradients
BATCH_BYTES = 128 << 20
# targets whose products with one batch's gradients BATCH_BYTES hold; methods ask about no more at a time
TARGETS = 256
# bytes of all batches, up to which they are kept between passes over the samples
KEPT_BYTES = 1 << 30

Seeds = Callable[[slice], np.ndarray]


class Part(NamedTuple):
    """A layer: `positions` of its outputs, `rows` I (the bias among them), `columns` O, whether it has a `bias`,
    `decay` (I,) second derivative of the penalties, and where its parameters stand in a flat vector."""

    name: str
    positions: int
    rows: int
    columns: int
    bias: bool
    decay: np.ndarray
    start: int
    stop: int


class Network(NamedTuple):
    """`parts` in order, `classes` columns of logits, `size` of a flat vector; `taken` the type of samples.

    `theta`: the parameters, in the order of the model's `trainable_variables`. `logits` (theta, samples) -> (s, C);
    `derivatives` (theta, samples, seeds (J, s, C)) -> inputs and derivatives of every layer. Tensors all of them.
    """

    parts: list[Part]
    classes: int
    size: int
    dtype: np.dtype
    taken: str
    theta: list
    logits: Callable
    derivatives: Callable


class Block(NamedTuple):
    """Samples `rows`; for each layer `a` (s, P, I) its inputs and `e` (J, s, P, O) its derivatives along the seeds."""

    rows: slice
    a: list[np.ndarray]
    e: list[np.ndarray]


def opened(model: keras.Model, samples: np.ndarray | None = None, dtype: str = "float64") -> Network:
    """Open a copy of a network; the model stays as it is.

    Args:
        model: Sequential or functional, of one input and one output. samples: (s, ...), see `precision.copied`.
        dtype: float64, or float32 for half the memory.

    Raises:
        ValueError: for a layer with trainable parameters that is neither Dense nor Conv2D, a layer used twice, or a
            penalty that is not understood; one sentence that names it.
    """
    base = precision.in_float64(model, samples) if dtype == "float64" else precision.copied(model, dtype, samples)
    base = keras.Model(base.inputs, base.outputs)
    moving = copies.copied_layers(base)
    for layer in moving:
        _require_understood(layer)
    taps = _tapped(base, moving)
    if not moving:
        raise ValueError(f"network '{model.name}' has no trainable parameters, so its curvature has nothing to act on")
    parts = _parts(moving, taps)
    count = len(moving)
    cut = [_patches(layer) for layer in moving]

    # in the order of the taps, found by the base's
    places = {id(variable): i for i, variable in enumerate(base.trainable_variables)}
    order = [places[id(variable)] for variable in taps.trainable_variables]
    fixed = [variable.value for variable in taps.non_trainable_variables]

    def forward(theta, x):
        return taps.stateless_call([theta[i] for i in order], fixed, x, training=False)[0]

    @tf.function(reduce_retracing=True, autograph=False)
    def derivatives(theta, x, seeds):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(theta)
            outputs = forward(theta, x)
            totals = tf.reduce_sum(seeds * outputs[0], axis=[1, 2])
        slopes = tape.jacobian(totals, outputs[1 + count :])
        return [cut_one(a) for cut_one, a in zip(cut, outputs[1 : 1 + count], strict=True)], slopes

    logits = tf.function(lambda theta, x: forward(theta, x)[0], reduce_retracing=True, autograph=False)
    width, kind = taps.outputs[0].shape[-1], np.dtype(taps.outputs[0].dtype)
    theta = [tf.identity(variable.value) for variable in base.trainable_variables]
    return Network(parts, width, parts[-1].stop, kind, taps.inputs[0].dtype, theta, logits, derivatives)


def _require_understood(layer) -> None:
    if type(layer) not in (keras.layers.Dense, keras.layers.Conv2D):
        raise ValueError(
            f"layer '{layer.name}' is a {type(layer).__name__} with trainable parameters; the curvature of all layers "
            "is understood for Dense and Conv2D only, leave methods that need it out for this network"
        )
    if getattr(layer, "activity_regularizer", None) is not None:
        raise ValueError(
            f"layer '{layer.name}' has an activity_regularizer, a penalty that depends on the samples and is not "
            "understood: train without it"
        )
    if isinstance(layer, keras.layers.Conv2D) and (layer.groups != 1 or layer.data_format != "channels_last"):
        raise ValueError(
            f"layer '{layer.name}' has {layer.groups} groups and data format {layer.data_format}; the curvature of a "
            "convolution is understood for 1 group and channels_last"
        )


def _tapped(base: keras.Model, moving: list) -> keras.Model:
    """The network with outputs [logits, each layer's input, each layer's output before its activation]."""
    activations = {id(layer): layer.activation for layer in moving}
    inputs, outputs = {}, {}

    def run(network, x):
        done = []

        def call(layer, *arguments, **keywords):
            done.append(applied(layer, *arguments, **keywords))
            return done[-1]

        keras.models.clone_model(network, [x], clone_function=lambda layer: layer, call_function=call)
        return done[-1]

    def applied(layer, *arguments, **keywords):
        if isinstance(layer, keras.Model):
            return run(keras.Model(layer.inputs, layer.outputs), keras.tree.flatten(arguments)[0])
        if id(layer) not in activations:
            return layer(*arguments, **keywords)
        if id(layer) in inputs:
            raise ValueError(f"layer '{layer.name}' is used twice; its curvature needs a layer for each use")
        inputs[id(layer)], outputs[id(layer)] = arguments[0], layer(arguments[0])
        return keras.layers.Activation(activations[id(layer)], dtype=layer.dtype_policy)(outputs[id(layer)])

    for layer in moving:
        # the copy is nobody else's
        layer.activation = keras.activations.linear
    x = keras.Input(base.inputs[0].shape[1:], dtype=base.inputs[0].dtype)
    logits = run(base, x)
    return keras.Model(x, [logits, *(inputs[id(layer)] for layer in moving), *(outputs[id(layer)] for layer in moving)])


def _patches(layer) -> Callable:
    """Inputs of a layer as (s, positions, I), without the column for the bias."""
    if isinstance(layer, keras.layers.Dense):
        return lambda a: tf.reshape(a, [tf.shape(a)[0], -1, a.shape[-1]])
    # no layer of the model, so that nothing is computed twice in its own pass
    cut = copies.Patches(
        layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding, dtype=layer.compute_dtype
    )  # fmt: skip
    inner = int(np.prod(layer.kernel.shape[:-1]))
    return lambda a: tf.reshape(cut(a), [tf.shape(a)[0], -1, inner])


def _parts(moving: list, taps: keras.Model) -> list[Part]:
    result, start = [], 0
    for layer, output in zip(moving, taps.outputs[1 + len(moving) :], strict=True):
        inner, columns = int(np.prod(layer.kernel.shape[:-1])), int(layer.kernel.shape[-1])
        decay = np.full(inner, 2 * penalties.of_variable(layer.kernel)[1])
        if layer.use_bias:
            decay = np.append(decay, 2 * penalties.of_variable(layer.bias)[1])
        stop = start + len(decay) * columns
        positions = int(np.prod(output.shape[1:-1]))
        result.append(Part(layer.name, positions, len(decay), columns, layer.use_bias, decay, start, stop))
        start = stop
    return result


def at(network: Network, weights: list[np.ndarray]) -> Network:
    """The same network with other parameters, in the order of the model's `trainable_variables`.

    Raises:
        ValueError: when shapes differ.
    """
    expected, found = [tuple(own.shape) for own in network.theta], [np.shape(array) for array in weights]
    if expected != found:
        raise ValueError(f"weights have shapes {found}, but the network's are {expected}; give those of this network")
    return network._replace(theta=[tf.constant(array, network.dtype) for array in weights])


def decay(network: Network) -> np.ndarray:
    """(k,) diagonal of the penalties' second derivative, float64."""
    return np.concatenate([np.repeat(part.decay, part.columns) for part in network.parts])


def flat(arrays: list[np.ndarray]) -> np.ndarray:
    """(k,) float64 from arrays in the order of the model's `trainable_variables`."""
    return np.concatenate([np.asarray(array, dtype=np.float64).ravel() for array in arrays])


def batch_size(network: Network, seeds: int) -> int:
    """Samples a pass: as many as BATCH_BYTES hold of inputs, derivatives, and what a layer's products form of them."""
    kept = sum(part.positions * (part.rows + seeds * part.columns) for part in network.parts)
    gradients = max(seeds * part.rows * part.columns for part in network.parts)
    products = max(min(part.positions, seeds) * part.columns * TARGETS for part in network.parts)
    return max(1, BATCH_BYTES // ((kept + gradients + products) * network.dtype.itemsize))


def logits(network: Network, x: np.ndarray) -> np.ndarray:
    """(n, C) float64."""
    size = batch_size(network, 1)
    pieces = [network.logits(network.theta, _samples(network, x[i : i + size])).numpy() for i in range(0, len(x), size)]
    return np.concatenate(pieces).astype(np.float64)


def blocks(network: Network, x: np.ndarray, seeds: Seeds, batch: int | None = None) -> Iterator[Block]:
    """Inputs and derivatives of all layers, a batch of samples at a time.

    Args:
        x: (n, ...). seeds: rows -> (J, rows, C) the combinations of logits that are derived.
        batch: samples a pass; by `batch_size` without it. It does not change the result beyond rounding.
    """
    if batch is None:
        batch = batch_size(network, len(seeds(slice(0, 1))))
    for start in range(0, len(x), batch):
        rows = slice(start, min(start + batch, len(x)))
        along = tf.constant(seeds(rows), network.dtype)
        a, e = network.derivatives(network.theta, _samples(network, x[rows]), along)
        yield Block(
            rows,
            [_with_ones(part, one.numpy()) for part, one in zip(network.parts, a, strict=True)],
            [
                one.numpy().reshape(len(along), rows.stop - rows.start, part.positions, part.columns)
                for part, one in zip(network.parts, e, strict=True)
            ],
        )


def kept_blocks(
    network: Network, x: np.ndarray, seeds: Seeds, batch: int | None = None, limit: int = KEPT_BYTES
) -> Callable:
    """() -> Iterator[Block], for several passes: kept where all fit in `limit` bytes, else computed anew each time."""
    count = len(seeds(slice(0, 1)))
    sample = sum(part.positions * (part.rows + count * part.columns) for part in network.parts)
    if sample * len(x) * network.dtype.itemsize > limit:
        return lambda: blocks(network, x, seeds, batch)
    kept = list(blocks(network, x, seeds, batch))
    return lambda: iter(kept)


def _samples(network: Network, part: np.ndarray) -> tf.Tensor:
    return tf.constant(part, tf.as_dtype(network.taken))


def _with_ones(part: Part, a: np.ndarray) -> np.ndarray:
    return np.concatenate([a, np.ones((*a.shape[:2], 1), a.dtype)], axis=2) if part.bias else a
