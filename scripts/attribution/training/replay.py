"""A training as a function of the training points' weights, and its derivative: exact, step by step, for any recipe.

A step maps the state (weights of the network, the optimiser's moments, states of layers) to the next one; what is
random in it, the order of batches and the masks of dropout, is the run's own, so that with all weights 1 the end is the
trained network itself. A training point that is left out has weight 0: the loss of a batch is the weighted mean over
its points, a batch that no point is left in is skipped (as in `ensemble`). Weights of classes are no part of that: they
multiply losses, and divide nothing.

The derivative is pulled back through one step at a time (Ilyas and Engstrom 2025, arXiv 2504.16430; Maclaurin 2015).
"""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from attribution.networks import build as models
from attribution.networks import precision, same_function, smooth, standard
from attribution.networks.own import OWN
from attribution.training import class_weights, schedule
from attribution.training.programs import compiled
from attribution.training.train import epoch_order


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
        pull: (state, number, cotangents, weights (n,)) -> cotangents before the step, derivative (t, b) in the weights
            of the batch's points, also of those that are left out.
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
        ValueError: as `network` and `of_model`.
    """
    model = network(recipe, x, classes, seed, dtype)
    return of_model(model, recipe["training"], x, y, seed, beta, recipe.get("class_weights"))


def network(recipe: dict, x: np.ndarray, classes: int, seed: int, dtype: str = "float32") -> keras.Model:
    """The network of a recipe at its initial weights; arguments as `of_recipe`.

    Raises:
        ValueError: when the recipe does not say how it was trained.
    """
    if "training" not in recipe:
        raise ValueError(
            f"the recipe of architecture '{recipe['architecture']}' has no training, so that it cannot be replayed; "
            "give a python-file with its training, or leave the method out"
        )
    samples = x[: same_function.SAMPLES] if recipe["architecture"] in OWN else x
    model = models.build(recipe, x.shape[1:], classes, seed, samples)
    return precision.in_float64(model) if dtype == "float64" else model


def of_model(
    model: keras.Model, training: dict, x: np.ndarray, y: np.ndarray, seed: int, beta: float = 0.0,
    weighting: str | list[float] | None = None,
) -> Replay:  # fmt: skip
    """The same for a network at its initial weights; `training`, `seed` as in `training.train.train`.

    Args:
        weighting: a recipe's `class_weights`, see `class_weights.of_labels`.

    Raises:
        ValueError: as `batch_statistics.normalising`.
    """
    smooth.soften(model, beta)
    n, size = len(x), training["batch_size"]
    batches = schedule.steps_an_epoch(training, n)
    dtype = tf.as_dtype(model.trainable_variables[0].dtype)
    programs = compiled(model, training)
    alone = not standard.moving(model)  # each sample goes through the network alone
    labels = tf.constant(y, tf.int32)
    of_points = class_weights.of_labels(y, weighting)

    # steps of an epoch ask for its order one after another
    order = functools.lru_cache(maxsize=1)(lambda epoch: epoch_order(seed, epoch, n))

    def batch(number: int) -> np.ndarray:
        epoch, place = divmod(number, batches)
        return order(epoch)[place * size : (place + 1) * size]

    def rate(number: int, steps: int) -> tf.Tensor:
        """Learning rate of a step, for Adam with its bias correction at the count of its steps."""
        found = schedule.step_rate(training, number, batches)
        if training["optimizer"] == "adam":
            found *= math.sqrt(1 - schedule.BETA_2**steps) / (1 - schedule.BETA_1**steps)
        return tf.constant(found, dtype)

    def factors(members: np.ndarray) -> tuple:
        """Weights of the classes of a batch's points, where there are some."""
        return () if of_points is None else (tf.constant(of_points[members], dtype),)

    def samples(points: np.ndarray) -> tf.Tensor:
        return tf.constant(points, tf.as_dtype(model.inputs[0].dtype))

    def step(state: State, number: int, weights: np.ndarray) -> State:
        members = batch(number)
        if alone:
            members = members[weights[members] != 0]
        chosen = np.asarray(weights[members], dtype=dtype.as_numpy_dtype)
        if not chosen.any():
            return state
        given = (samples(x[members]), tf.gather(labels, members), tf.constant(chosen), rate(number, state.steps + 1))
        return State(*programs.step(*state[:4], *given, *factors(members)), state.steps + 1)

    def pull(state: State, number: int, cotangents: State, weights: np.ndarray) -> tuple[State, np.ndarray]:
        members = batch(number)
        chosen = np.asarray(weights[members], dtype=dtype.as_numpy_dtype)
        if not chosen.any():
            return cotangents, np.zeros((len(cotangents.theta[0]), len(members)))
        given = (samples(x[members]), tf.gather(labels, members), tf.constant(chosen), rate(number, state.steps + 1))
        *found, on_weights = programs.pull(*state[:4], *given, *cotangents[:4], *factors(members))
        return State(*found, 0), on_weights.numpy().astype(np.float64)

    def outputs(state: State, points: np.ndarray) -> np.ndarray:
        parts = [
            programs.infer(state.theta, state.fixed, samples(points[i : i + 512])) for i in range(0, len(points), 512)
        ]
        return np.concatenate([part.numpy() for part in parts]).astype(np.float64)

    def seeds(state: State, points: np.ndarray, slope: np.ndarray) -> State:
        rows = [
            programs.end(state.theta, state.fixed, samples(point), tf.constant(s, dtype))
            for point, s in zip(points, slope, strict=True)
        ]
        theta = [tf.stack(parts) for parts in zip(*(row[0] for row in rows), strict=True)]
        states = [tf.stack(parts) for parts in zip(*(row[1] for row in rows), strict=True)]
        fixed = [tf.zeros([len(points)], dtype) for _ in state.fixed]
        for i, value in zip(programs.moves, states, strict=True):
            fixed[i] = value
        nothing = [tf.zeros_like(value) for value in theta]
        return State(theta, nothing, nothing, fixed, 0)

    theta = [tf.identity(variable.value) for variable in model.trainable_variables]
    nothing = [tf.zeros_like(value) for value in theta]
    start = State(theta, nothing, nothing, [tf.identity(v.value) for v in model.non_trainable_variables], 0)
    return Replay(model, start, training["epochs"] * batches, batch, n, step, pull, outputs, seeds)


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


def assign(model: keras.Model, state: State) -> None:
    """Give a network of the same recipe the variables of a state."""
    for variables, values in ((model.trainable_variables, state.theta), (model.non_trainable_variables, state.fixed)):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def at_steps(replay: Replay, numbers: list[int], weights: np.ndarray | None = None) -> list[State]:
    """States of the training before the steps of these ascending numbers; `count` is the end.

    Args:
        weights: (n,) of the training points, by default all are in.
    """
    found, state, done = [], replay.start, 0
    weights = np.ones(replay.n) if weights is None else weights
    for number in numbers:
        state = run(replay, weights, state, range(done, number))
        found.append(state)
        done = number
    return found
