"""Steps of many independent copies of a network's parameters along gradients of their logits, by autodiff.

The gradient of a combination of logits in a layer's parameters is A^T E, with A the layer's inputs and E the derivative
in its outputs. Backpropagation to the outputs is done for all classes at once; the norm of A^T E is taken without
forming it where the layer has few positions (||A^T E||^2 = sum of (A A^T) * (E E^T)), and only the gradient of the
class that is chosen is formed.
"""

from collections.abc import Callable
from typing import NamedTuple

import keras
import tensorflow as tf

from attribution.networks import copies

NORMS = ("l2", "l1", "linf")


class Network(NamedTuple):
    """m copies of a network's parameters and what can be done with them. `theta` is a list of tensors (m, ...).

    Attributes:
        m: number of copies. parameters: of one copy that move, k. start: the model's own parameters, without the axis.
        repeat: () -> theta, all copies at the start.
        state: (theta, x (m * s, ...)) -> logits (m * s, C), length (m,) of theta - start in the norm.
        step: see `_step`. ascend: see `_ascend`.
    """

    m: int
    parameters: int
    start: list
    repeat: Callable
    state: Callable
    step: Callable
    ascend: Callable


class Part(NamedTuple):
    """A layer's places in theta: of its `weight` (kernel or gamma) and `bias` (bias or beta), None where it has none;
    `linear` tells a kernel from a gamma."""

    weight: int | None
    bias: int | None
    linear: bool


def network(model: keras.Model, m: int, norm: str = "l2", dtype: str = "float64") -> Network:
    """m copies of the trainable parameters of Dense, Conv2D and BatchNormalization layers; the model stays as it is.

    Args:
        model: see `copies.copies`. m: number of copies; in float32 at least two are made.
        norm: of the moves, `l2`, `l1` or `linf`. dtype: float64 or float32.

    Raises:
        ValueError: for a network that cannot be copied, see `copies.copies`, or one without trainable parameters.
    """
    # TensorFlow 2.21's own float32 kernels end the process (SIGSEGV) on batched products of a single copy
    m = max(m, 2) if dtype == "float32" else m
    together = copies.copies(model, m, dtype)
    moving = [together.get_layer(name) for name in copies.unique_names(copies.copied_layers(model))]
    if not moving:
        raise ValueError(f"network '{model.name}' has no trainable parameters; there is nothing to move")
    places = {id(variable): i for i, variable in enumerate(together.trainable_variables)}
    parts = [_part(layer, places) for layer in moving]
    taps = keras.Model(
        together.inputs, [together.outputs[0], *(layer.input for layer in moving), *(layer.output for layer in moving)]
    )
    fixed = [variable.value for variable in taps.non_trainable_variables]
    start = [tf.identity(variable.value[0]) for variable in together.trainable_variables]
    moved = [i for part in parts for i in (part.weight, part.bias) if i is not None]
    count = sum(start[i].shape.num_elements() for i in moved)

    def forward(theta, x):
        outputs, _ = taps.stateless_call(theta, fixed, x, training=False)
        return outputs[0], outputs[1 : 1 + len(moving)], outputs[1 + len(moving) :]

    def repeat():
        return [tf.repeat(w[None], m, axis=0) for w in start]

    @tf.function(autograph=False)
    def state(theta, x):
        return forward(theta, x)[0], _length([theta[i] - start[i] for i in moved], norm)

    return Network(
        m, count, start, repeat, state,
        _step(forward, parts, start, m, norm),
        _ascend(forward, start),
    )  # fmt: skip


def _part(layer, places: dict) -> Part:
    def place(variable):
        return None if variable is None else places[id(variable)]

    if isinstance(layer, copies.Linear):
        return Part(place(layer.kernel), place(layer.bias), True)
    return Part(place(layer.gamma), place(layer.beta), False)


def _step(forward: Callable, parts: list[Part], start: list, m: int, norm: str) -> Callable:
    @tf.function(autograph=False)
    def step(theta, x, seeds, extra, going, reset):
        """One step of DeepFool: each copy moves to where the nearest of its J combinations of logits is zero.

        Args:
            theta: list of (m, ...). x: (m * s, ...).
            seeds: (J, m * s, C') combinations of the logits, C' = 2 for one logit (0 and the logit), else C. Their sums
                over a copy's samples are negative, and a step raises one of them by its size.
            extra: (m,) added to that size. going: (m,) bool, whether the copy moves.
            reset: (m,) bool, copies that start again before the step.

        Returns:
            theta, chosen (m,) int64 the combination with the smallest size / dual norm of its gradient, stuck (m,)
            bool where every gradient is zero and the copy cannot move.
        """
        theta = [tf.where(_column(reset, w), first, w) for w, first in zip(theta, start, strict=True)]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(theta)
            logits, inputs, outputs = forward(theta, x)
            if logits.shape[1] == 1:
                logits = tf.concat([tf.zeros_like(logits), logits], 1)
            each = tf.reduce_sum(seeds * logits, axis=2)
            totals = tf.reduce_sum(each, axis=1)
        derivatives = tape.jacobian(totals, outputs)
        size = tf.abs(tf.reduce_sum(tf.reshape(each, (seeds.shape[0], m, -1)), axis=2))
        # (m, rows, inputs) and (J, m, rows, outputs): a copy's samples and positions are rows
        a = [tf.cast(tf.reshape(h, (m, -1, h.shape[-1])), size.dtype) for h in inputs]
        e = [tf.reshape(d, (seeds.shape[0], m, -1, d.shape[-1])) for d in derivatives]
        measured = [_measure(part, *pair, norm) for part, *pair in zip(parts, a, e, strict=True)]
        lengths = _from_measures(measured, norm)
        ratio = tf.where(lengths > 0, tf.math.divide_no_nan(size, lengths), tf.constant(float("inf"), lengths.dtype))
        chosen = tf.argmin(ratio, axis=0)
        at = tf.stack([chosen, tf.range(m, dtype=chosen.dtype)], axis=1)
        gradient = [None] * len(start)
        for part, h, d in zip(parts, a, e, strict=True):
            _gradient(part, h, tf.gather_nd(d, at), start, gradient)
        found = [i for i, g in enumerate(gradient) if g is not None]
        own = _from_measures([_magnitude(gradient[i], 1, norm) for i in found], norm)
        amount = tf.math.divide_no_nan(tf.gather_nd(size, at) + extra, own)
        amount = tf.where(going, amount, tf.zeros_like(amount))
        theta = list(theta)
        for i, unit in zip(found, _steepest([gradient[i] for i in found], own, norm), strict=True):
            theta[i] = theta[i] + _column(amount, unit) * unit
        return theta, chosen, ~(own > 0)

    return step


def _ascend(forward: Callable, start: list) -> Callable:
    @tf.function(autograph=False)
    def ascend(theta, slots, x, seeds, rate, going, reset, momentum, adam):
        """One step up a sum of logits (the loss, with its residuals as seeds) by Adam or SGD with momentum.

        Args:
            theta: list of (m, ...). slots: two such lists, the optimiser's. x: (m * s, ...). seeds: (m * s, C).
            rate: (m,) step size, for Adam with its bias correction. going, reset: as in `step`.
            momentum: of sgd. adam: (beta_1, beta_2, epsilon), or None for sgd; both plain numbers.

        Returns:
            theta, slots.
        """
        theta = [tf.where(_column(reset, w), first, w) for w, first in zip(theta, start, strict=True)]
        slots = [[tf.where(_column(reset, w), tf.zeros_like(w), w) for w in arrays] for arrays in slots]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(theta)
            total = tf.reduce_sum(seeds * forward(theta, x)[0])
        gradients = tape.gradient(total, theta, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        result = [[], [], []]
        for w, first, second, g in zip(theta, *slots, gradients, strict=True):
            now, size = _column(going, w), _column(rate, w)
            if adam is None:
                new_first, new_second = momentum * first + size * g, second
                moved = w + new_first
            else:
                new_first = first + (1 - adam[0]) * (g - first)
                new_second = second + (1 - adam[1]) * (tf.square(g) - second)
                moved = w + size * new_first / (tf.sqrt(new_second) + adam[2])
            for kept, new, old in zip(result, (moved, new_first, new_second), (w, first, second), strict=True):
                kept.append(tf.where(now, new, old))
        return result[0], result[1:]

    return ascend


def _column(values, like):
    """(m,) values in the shape of (m, ...)."""
    return tf.reshape(values, [-1] + [1] * (len(like.shape) - 1))


def _measure(part: Part, a, e, norm: str):
    """(J, m) of a layer's J gradients: their sum of squares for l2, sum for linf and largest for l1 of absolute values.

    Args:
        a: (m, rows, K). e: (J, m, rows, O).
    """
    measures = []
    if part.weight is not None and not part.linear:
        measures.append(_magnitude(tf.reduce_sum(a * e, axis=2), 2, norm))
    elif part.weight is not None and norm != "l2":
        # one class at a time: the gradients themselves are needed
        measures.append(tf.map_fn(lambda one: _magnitude(tf.matmul(a, one, transpose_a=True), 1, norm), e))
    elif part.weight is not None:
        (rows, inputs), (classes, outputs) = a.shape[1:], (e.shape[0], e.shape[3])
        if rows * (inputs + classes * outputs) < classes * inputs * outputs:
            gram = tf.matmul(a, a, transpose_b=True)
            measures.append(tf.reduce_sum(gram * tf.matmul(e, e, transpose_b=True), axis=[2, 3]))
        else:
            side_by_side = tf.reshape(tf.transpose(e, [1, 2, 0, 3]), (a.shape[0], rows, classes * outputs))
            # the long factor first: the other way round took half as long again
            product = tf.square(tf.matmul(side_by_side, a, transpose_a=True))
            measures.append(tf.transpose(tf.reduce_sum(tf.reshape(product, (a.shape[0], classes, -1)), axis=2)))
    if part.bias is not None:
        measures.append(_magnitude(tf.reduce_sum(e, axis=2), 2, norm))
    return _join(measures, norm)


def _magnitude(g, first: int, norm: str):
    """Sum of squares (l2), sum (linf) or largest (l1) of absolute values over all axes from `first` on."""
    axes = list(range(first, len(g.shape)))
    if norm == "l2":
        return tf.reduce_sum(tf.square(g), axes)
    return tf.reduce_sum(tf.abs(g), axes) if norm == "linf" else tf.reduce_max(tf.abs(g), axes)


def _join(measures: list, norm: str):
    return tf.reduce_max(tf.stack(measures), axis=0) if norm == "l1" else tf.add_n(measures)


def _from_measures(measures: list, norm: str):
    """The dual norm of gradients from the measures of their parts."""
    joined = _join(measures, norm)
    return tf.sqrt(tf.maximum(joined, 0)) if norm == "l2" else joined


def _length(deltas: list, norm: str):
    """(m,) length of moves in the norm itself."""
    if norm == "l2":
        return tf.sqrt(tf.add_n([_magnitude(d, 1, "l2") for d in deltas]))
    if norm == "l1":
        return tf.add_n([_magnitude(d, 1, "linf") for d in deltas])
    return tf.reduce_max(tf.stack([_magnitude(d, 1, "l1") for d in deltas]), axis=0)


def _gradient(part: Part, a, e, start: list, gradient: list) -> None:
    """Put a layer's gradients into their places; a (m, rows, K), e (m, rows, O)."""
    if part.weight is not None:
        g = tf.matmul(a, e, transpose_a=True) if part.linear else tf.reduce_sum(a * e, axis=1)
        gradient[part.weight] = tf.reshape(g, (-1, *start[part.weight].shape))
    if part.bias is not None:
        gradient[part.bias] = tf.reduce_sum(e, axis=1)


def _steepest(gradients: list, own, norm: str) -> list:
    """The move of length 1 in the norm with the largest inner product with each copy's gradient.

    Args:
        gradients: list of (m, ...). own: (m,) their dual norm.
    """
    if norm == "linf":
        return [tf.sign(g) for g in gradients]
    if norm == "l2":
        return [tf.math.divide_no_nan(g, _column(own, g)) for g in gradients]
    flat = tf.concat([tf.reshape(g, (g.shape[0], -1)) for g in gradients], axis=1)
    place = tf.argmax(tf.abs(flat), axis=1)
    unit = tf.one_hot(place, flat.shape[1], dtype=flat.dtype) * tf.sign(flat)
    pieces = tf.split(unit, [g.shape[1:].num_elements() for g in gradients], axis=1)
    return [tf.reshape(piece, g.shape) for piece, g in zip(pieces, gradients, strict=True)]
