"""The steps of a training as TensorFlow programs: forward, and the derivative pulled back through one step."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import tensorflow as tf

from attribution.networks import penalties, precision
from attribution.training import batch_statistics, schedule


class Programs(NamedTuple):
    """What a network's training consists of; lists of tensors as in `replay.State`, cotangents with a leading axis.

    Attributes:
        step: (theta, first, second, fixed, samples (b, ...), labels (b,), weights (b,), rate, and perhaps factors (b,)
            of the losses) -> the four lists after.
        pull: (theta, first, second, fixed, samples, labels, weights, rate, cotangents of the four lists after,
            and perhaps factors) -> those before, and derivatives (t, b) in the weights.
        infer: (theta, fixed, samples) -> logits in inference mode.
        end: (theta, fixed, sample, slope (C,)) -> derivatives of sum_c slope_c logit_c in theta and the float states.
        moves: places in `fixed` of states that derivatives flow through, such as moving averages.
    """

    step: Callable
    pull: Callable
    infer: Callable
    end: Callable
    moves: list[int]


def compiled(model: keras.Model, training: dict) -> Programs:
    """The programs of a network; it stays as it is.

    Args:
        training: a recipe's `training`, of which the optimiser counts.

    Raises:
        ValueError: as `batch_statistics.normalising`.
    """
    dtype = tf.as_dtype(model.trainable_variables[0].dtype)
    decay = [penalties.of_variable(variable) for variable in model.trainable_variables]
    moves = [i for i, v in enumerate(model.non_trainable_variables) if tf.as_dtype(v.dtype).is_floating]
    # TensorFlow turns a convolution with many filters into a loop over them: then the loop may as well be the outer one
    at_once = not any(isinstance(layer, keras.layers.Conv2D) for layer in precision.layers(model))
    sgd, momentum = training["optimizer"] == "sgd", float(training["momentum"] or 0.0)
    epsilon = schedule.epsilon(training)
    normalising = batch_statistics.normalising(model)
    one_logit = model.output_shape[-1] == 1
    zero = tf.UnconnectedGradients.ZERO

    def gradient(theta, fixed, xb, yb, weights, factors):
        """Gradient of a batch's weighted mean loss, without penalties, and the other variables after the batch."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(theta)
            with batch_statistics.counted(normalising, weights):
                logits, after = model.stateless_call(theta, fixed, xb, training=True)
            if one_logit:
                losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(yb, logits.dtype), logits[:, 0])
            else:
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(yb, logits)
            if factors is not None:
                losses *= factors
            total = tf.reduce_sum(losses * weights) / tf.reduce_sum(weights)
        return tape.gradient(total, theta, unconnected_gradients=zero), after

    def penalised(found, theta):
        return [
            g + l1 * tf.sign(w) + 2 * l2 * w if l1 or l2 else g
            for g, w, (l1, l2) in zip(found, theta, decay, strict=True)
        ]

    @tf.function(reduce_retracing=True)
    def step(theta, first, second, fixed, xb, yb, weights, rate, factors=None):
        found, after = gradient(theta, fixed, xb, yb, weights, factors)
        new = [
            updated(w, a, b, g, rate, sgd, momentum, epsilon)
            for w, a, b, g in zip(theta, first, second, penalised(found, theta), strict=True)
        ]
        return [v[0] for v in new], [v[1] for v in new], [v[2] for v in new], after

    @tf.function(reduce_retracing=True)
    def pull(theta, first, second, fixed, xb, yb, weights, rate, c_theta, c_first, c_second, c_fixed, factors=None):
        state = [fixed[i] for i in moves]
        # once for all targets: only what is asked of this tape differs between them
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch([theta, state, weights])
            found, after = gradient(theta, fixed, xb, yb, weights, factors)
        back = [
            _pull_update(*parts, rate, sgd, momentum, epsilon)
            for parts in zip(theta, first, second, penalised(found, theta), c_theta, c_first, c_second, strict=True)
        ]
        on_gradient = [parts[0] for parts in back]
        ends = [*found, *(after[i] for i in moves)]

        def second_order(cotangents):
            return tape.gradient(ends, [theta, state, weights], cotangents, unconnected_gradients=zero)

        many = [*on_gradient, *(c_fixed[i] for i in moves)]
        if at_once:
            bent, on_state, on_weights = tf.vectorized_map(second_order, many)
        else:
            kinds = [[w.dtype for w in theta], [w.dtype for w in state], dtype]
            bent, on_state, on_weights = tf.map_fn(
                second_order, many, fn_output_signature=kinds, parallel_iterations=1
            )  # fmt: skip
        bent = [
            b + c + (2 * l2 * g if l2 else 0)
            for b, c, g, (_, l2) in zip(bent, c_theta, on_gradient, decay, strict=True)
        ]
        before = list(c_fixed)
        for i, value in zip(moves, on_state, strict=True):
            before[i] = value
        return bent, [parts[1] for parts in back], [parts[2] for parts in back], before, on_weights

    @tf.function(reduce_retracing=True)
    def infer(theta, fixed, xb):
        return model.stateless_call(theta, fixed, xb, training=False)[0]

    @tf.function(reduce_retracing=True)
    def end(theta, fixed, xs, slope):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([theta, fixed])
            logits = model.stateless_call(theta, fixed, xs[None], training=False)[0][0]
            total = tf.reduce_sum(logits * slope)
        return tape.gradient(total, [theta, [fixed[i] for i in moves]], unconnected_gradients=zero)

    return Programs(step, pull, infer, end, moves)


def updated(w, first, second, g, rate, sgd: bool, momentum: float, epsilon: float) -> tuple:
    """A variable and its moments after a step of the optimiser, as Keras takes it."""
    if sgd:
        first = momentum * first - rate * g
        return w + first, first, second
    first = first + (1 - schedule.BETA_1) * (g - first)
    second = second + (1 - schedule.BETA_2) * (tf.square(g) - second)
    return w - rate * first / (tf.sqrt(second) + epsilon), first, second


def _pull_update(
    w, first, second, g, c_w, c_first, c_second, rate, sgd: bool, momentum: float, epsilon: float
) -> tuple:
    """Cotangents of gradient, first and second moment before `updated`, from those after it; that of w stays c_w."""
    if sgd:
        total = c_first + c_w
        return -rate * total, momentum * total, c_second
    _, first, second = updated(w, first, second, g, rate, sgd, momentum, epsilon)
    root = tf.sqrt(second)
    # where the second moment is zero every gradient so far was, and Adam's step has no derivative there
    moved = second > 0
    steep = tf.where(moved, first / (2 * tf.where(moved, root, 1) * tf.square(root + epsilon)), 0)
    on_first = c_first - tf.where(moved, c_w * rate / (root + epsilon), 0)
    on_second = c_second + c_w * rate * steep
    on_gradient = (1 - schedule.BETA_1) * on_first + 2 * (1 - schedule.BETA_2) * g * on_second
    return on_gradient, schedule.BETA_1 * on_first, schedule.BETA_2 * on_second
