"""A training as a function of the training points' weights, and its derivative: exact, step by step, for any recipe.

A step maps the state (weights of the network, the optimiser's moments, states of layers) to the next one; what is
random in it, the order of batches and the masks of dropout, is the run's own, so that with all weights 1 the end is the
trained network itself. A training point that is left out has weight 0: the loss of a batch is the weighted mean over
its points, a batch that no point is left in is skipped (as in `ensemble`).

The derivative is pulled back through one step at a time (Ilyas and Engstrom 2025, arXiv 2504.16430; Maclaurin 2015).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from attribution.networks import build as models
from attribution.networks import penalties, precision, same_function, smooth
from attribution.networks.own import OWN
from attribution.training import schedule
from attribution.training.train import epoch_order, warmed_up


class State(NamedTuple):
    """Lists of tensors: `theta` trainable variables, `first` and `second` moments of the optimiser (momentum of sgd in
    `first`), `fixed` the other variables; `steps` taken by the optimiser."""

    theta: list
    first: list
    second: list
    fixed: list
    steps: int


class Replay(NamedTuple):
    """A training.

    Attributes:
        model: the network; its variables stay at their initial values. start: State before the first step.
        count: number of steps. batch: number of a step -> training indices of its batch. n: training points.
        step: (state, number, weights (n,)) -> State after that step.
        pull: (state, number, cotangents) -> cotangents before the step, derivative (t, b) in the weights of the
            batch's points, at weights of 1.
        outputs: (state, x) -> (s, C) float64 logits in inference mode.
        seeds: (state, x (t, ...), slope (t, C)) -> cotangents of sum_c slope_tc logit_c(x_t) at the end.

    Cotangents: State of lists of tensors with a leading axis of targets, `steps` 0; of integer states zeros.
    """

    model: keras.Model
    start: State
    count: int
    batch: Callable
    n: int
    step: Callable
    pull: Callable
    outputs: Callable
    seeds: Callable


def of_recipe(
    recipe: dict, x: np.ndarray, y: np.ndarray, classes: int, seed: int, dtype: str = "float32", beta: float = 0.0
) -> Replay:
    """The training of a recipe on data, from the weights that `models.build` draws with the seed.

    Args:
        recipe: of config/models.yaml. x: (n, ...). y: (n,) integers. classes, seed: as in `models.build`.
        dtype: float32, or float64 for checks.
        beta: above 0, softplus(beta z) / beta stands for ReLU, see `smooth`; 0 for the training as it was.

    Raises:
        ValueError: when the recipe does not say how it was trained, or as `of_model`.
    """
    if "training" not in recipe:
        raise ValueError(
            f"the recipe of architecture '{recipe['architecture']}' has no training, so that it cannot be replayed; "
            "give a python-file with its training, or leave the method out"
        )
    samples = x[: same_function.SAMPLES] if recipe["architecture"] in OWN else None
    model = models.build(recipe, x.shape[1:], classes, seed, samples)
    if dtype == "float64":
        model = precision.in_float64(model)
    return of_model(model, recipe["training"], x, y, seed, beta)


def of_model(model: keras.Model, training: dict, x: np.ndarray, y: np.ndarray, seed: int, beta: float = 0.0) -> Replay:
    """The same for a network at its initial weights; `training`, `seed` as in `training.train.train`.

    Raises:
        ValueError: for BatchNormalization, whose batch statistics would still see a point of weight 0.
    """
    for layer in precision.layers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            raise ValueError(
                f"layer '{layer.name}' normalises by its batch, which a training point cannot leave by a weight of 0; "
                "metagradients and retraining one by one need a network without BatchNormalization"
            )
    smooth.soften(model, beta)
    n, size = len(x), training["batch_size"]
    batches = math.ceil(n / size)
    dtype = tf.as_dtype(model.trainable_variables[0].dtype)
    variables = model.trainable_variables
    decay = [penalties.of_variable(variable) for variable in variables]
    moves = _float_states(model)
    # TensorFlow turns a convolution with many filters into a loop over them: then the loop may as well be the outer one
    at_once = not any(isinstance(layer, keras.layers.Conv2D) for layer in precision.layers(model))
    sgd, momentum = training["optimizer"] == "sgd", float(training["momentum"] or 0.0)
    epsilon = schedule.epsilon(training)
    one_logit = model.output_shape[-1] == 1
    zero = tf.UnconnectedGradients.ZERO

    def gradient(theta, fixed, xb, yb, weights):
        """Gradient of a batch's weighted mean loss, without penalties, and the other variables after the batch."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(theta)
            logits, after = model.stateless_call(theta, fixed, xb, training=True)
            if one_logit:
                losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(yb, logits.dtype), logits[:, 0])
            else:
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(yb, logits)
            total = tf.reduce_sum(losses * weights) / tf.reduce_sum(weights)
        return tape.gradient(total, theta, unconnected_gradients=zero), after

    def penalised(found, theta):
        return [
            g + l1 * tf.sign(w) + 2 * l2 * w if l1 or l2 else g
            for g, w, (l1, l2) in zip(found, theta, decay, strict=True)
        ]

    @tf.function(reduce_retracing=True)
    def step(theta, first, second, fixed, xb, yb, weights, rate):
        found, after = gradient(theta, fixed, xb, yb, weights)
        new = [
            _update(w, a, b, g, rate, sgd, momentum, epsilon)
            for w, a, b, g in zip(theta, first, second, penalised(found, theta), strict=True)
        ]
        return [v[0] for v in new], [v[1] for v in new], [v[2] for v in new], after

    @tf.function(reduce_retracing=True)
    def pull(theta, first, second, fixed, xb, yb, rate, c_theta, c_first, c_second, c_fixed):
        ones = tf.ones(tf.shape(xb)[:1], dtype)
        found, _ = gradient(theta, fixed, xb, yb, ones)
        found = penalised(found, theta)
        back = [
            _pull_update(*parts, rate, sgd, momentum, epsilon)
            for parts in zip(theta, first, second, found, c_theta, c_first, c_second, strict=True)
        ]
        on_gradient = [parts[0] for parts in back]
        state = [fixed[i] for i in moves]

        def second_order(cotangents):
            on_g, on_state = cotangents
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([theta, state, ones])
                whole = list(fixed)
                for i, value in zip(moves, state, strict=True):
                    whole[i] = value
                g, after = gradient(theta, whole, xb, yb, ones)
                along = tf.add_n([tf.reduce_sum(a * b) for a, b in zip(g, on_g, strict=True)])
                if moves:
                    along += tf.add_n([tf.reduce_sum(after[i] * c) for i, c in zip(moves, on_state, strict=True)])
            return tape.gradient(along, [theta, state, ones], unconnected_gradients=zero)

        many = (on_gradient, [c_fixed[i] for i in moves])
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

    labels = tf.constant(y, tf.int32)

    def batch(number: int) -> np.ndarray:
        epoch, place = divmod(number, batches)
        return epoch_order(seed, epoch, n)[place * size : (place + 1) * size]

    def rate(number: int, steps: int) -> tf.Tensor:
        """Learning rate of a step, for Adam with its bias correction at the count of its steps."""
        found = schedule.learning_rate(training, number // batches)
        if number // batches < training.get("warmup", 0):
            found *= warmed_up(training, number, batches)
        if not sgd:
            found *= math.sqrt(1 - schedule.BETA_2**steps) / (1 - schedule.BETA_1**steps)
        return tf.constant(found, dtype)

    def samples(points: np.ndarray) -> tf.Tensor:
        return tf.constant(points, tf.as_dtype(model.inputs[0].dtype))

    def whole_step(state: State, number: int, weights: np.ndarray) -> State:
        members = batch(number)
        if not model.non_trainable_variables:
            # no layer has a state, so that each sample goes through the network alone
            members = members[weights[members] != 0]
        chosen = np.asarray(weights[members], dtype=dtype.as_numpy_dtype)
        if not chosen.any():
            return state
        given = (samples(x[members]), tf.gather(labels, members), tf.constant(chosen), rate(number, state.steps + 1))
        return State(*step(*state[:4], *given), state.steps + 1)

    def whole_pull(state: State, number: int, cotangents: State) -> tuple[State, np.ndarray]:
        members = batch(number)
        given = (samples(x[members]), tf.gather(labels, members), rate(number, state.steps + 1))
        *found, on_weights = pull(*state[:4], *given, *cotangents[:4])
        return State(*found, 0), on_weights.numpy().astype(np.float64)

    def outputs(state: State, points: np.ndarray) -> np.ndarray:
        parts = [infer(state.theta, state.fixed, samples(points[i : i + 512])) for i in range(0, len(points), 512)]
        return np.concatenate([part.numpy() for part in parts]).astype(np.float64)

    def seeds(state: State, points: np.ndarray, slope: np.ndarray) -> State:
        rows = [
            end(state.theta, state.fixed, samples(point), tf.constant(s, dtype))
            for point, s in zip(points, slope, strict=True)
        ]
        theta = [tf.stack(parts) for parts in zip(*(row[0] for row in rows), strict=True)]
        states = [tf.stack(parts) for parts in zip(*(row[1] for row in rows), strict=True)]
        fixed = [tf.zeros([len(points)], dtype) for _ in state.fixed]
        for i, value in zip(moves, states, strict=True):
            fixed[i] = value
        nothing = [tf.zeros_like(value) for value in theta]
        return State(theta, nothing, nothing, fixed, 0)

    theta = [tf.identity(variable.value) for variable in variables]
    nothing = [tf.zeros_like(value) for value in theta]
    start = State(theta, nothing, nothing, [tf.identity(v.value) for v in model.non_trainable_variables], 0)
    return Replay(model, start, training["epochs"] * batches, batch, n, whole_step, whole_pull, outputs, seeds)


def run(replay: Replay, weights: np.ndarray, begin: State | None = None, steps: range | None = None) -> State:
    """State after the training, or after some of its steps.

    Args:
        weights: (n,) of the training points; 0 leaves one out. begin: before the first of the steps.
        steps: consecutive numbers, all by default.
    """
    state = replay.start if begin is None else begin
    for number in range(replay.count) if steps is None else steps:
        state = replay.step(state, number, weights)
    return state


def at_steps(replay: Replay, numbers: list[int]) -> list[State]:
    """States of the training on all points before the steps of these ascending numbers; `count` is the end."""
    found, state, done = [], replay.start, 0
    for number in numbers:
        state = run(replay, np.ones(replay.n), state, range(done, number))
        found.append(state)
        done = number
    return found


def _float_states(model: keras.Model) -> list[int]:
    """Places in `non_trainable_variables` of states that derivatives flow through, such as moving averages."""
    return [i for i, v in enumerate(model.non_trainable_variables) if tf.as_dtype(v.dtype).is_floating]


def _update(w, first, second, g, rate, sgd: bool, momentum: float, epsilon: float) -> tuple:
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
    """Cotangents of gradient, first and second moment before `_update`, from those after it; that of w stays c_w."""
    if sgd:
        total = c_first + c_w
        return -rate * total, momentum * total, c_second
    _, first, second = _update(w, first, second, g, rate, sgd, momentum, epsilon)
    root = tf.sqrt(second)
    # where the second moment is zero every gradient so far was, and Adam's step has no derivative there
    moved = second > 0
    steep = tf.where(moved, first / (2 * tf.where(moved, root, 1) * tf.square(root + epsilon)), 0)
    on_first = c_first - tf.where(moved, c_w * rate / (root + epsilon), 0)
    on_second = c_second + c_w * rate * steep
    on_gradient = (1 - schedule.BETA_1) * on_first + 2 * (1 - schedule.BETA_2) * g * on_second
    return on_gradient, schedule.BETA_1 * on_first, schedule.BETA_2 * on_second
