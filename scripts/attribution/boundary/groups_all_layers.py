"""Weights boundary of groups in all layers: batch, universal and simple forms, several groups at once.

Each group moves a copy of the parameters of its own, as single points do in `points_all_layers`; its members are padded
to the size of the largest group of a set of similar sizes.
"""

from collections.abc import Callable
from types import SimpleNamespace

import keras
import numpy as np

from attribution.boundary import groups as boundary_groups
from attribution.boundary import points as boundary
from attribution.boundary import points_all_layers as boundary_layers
from attribution.boundary.groups import Groups
from attribution.networks import copy_derivatives
from attribution.numerics.residuals import predictions, residuals
from attribution.runtime import log
from attribution.training import ensemble, schedule

MAX_PASSES = 10
# How far past the mean boundary of its members a step of the iterative forms goes, as a share of their differences of
# the two largest logits at the start: without it members that were moved fall back when others are.
ITERATIVE_OVERSHOOT = boundary_groups.ITERATIVE_OVERSHOOT
# The simple form stops where a move is longer than this.
LONGEST = 1.0


def batch(
    model: keras.Model,
    x: np.ndarray,
    groups: list,
    norm: str = "l2",
    slots: int = 4,
    max_steps: int = boundary.MAX_STEPS,
    dtype: str = "float64",
    label: str = "batch boundary of groups, all layers",
) -> Groups:
    """DeepFool on the mean logit difference of the members that have not changed, until every one has.

    A step takes the class c with the smallest |mean of f_c - f_p| / ||its gradient||, the mean being over members that
    still predict what they did at the start, p, other than c; then it moves as `points_all_layers.deepfool` does, and
    past the boundary by ITERATIVE_OVERSHOOT, which the score holds.

    Args:
        model, norm, slots, dtype, label: as in `points_all_layers.deepfool`. x: (n, ...) samples.
        groups: M arrays of rows of `x`. max_steps: after which a group is unsolved.

    Raises:
        ValueError: as `points_all_layers.deepfool`, and for a group without members.
    """
    boundary_layers.check(norm, dtype, {"slots": slots, "max_steps": max_steps})
    network = copy_derivatives.network(model, slots, norm, dtype)
    tasks = [{"group": g, "members": np.asarray(members)} for g, members in enumerate(groups)]

    def advance(theta, walks, samples, logits, live, reset):
        m, size = logits.shape[:2]
        classes = boundary.class_logits(logits).shape[-1]
        seeds, extra = np.zeros((classes, m, size, classes)), np.zeros(m)
        unit = np.eye(classes)
        for slot, walk in enumerate(walks):
            if walk is None:
                continue
            walk.steps += 1
            active = np.flatnonzero(~walk.changed)
            extra[slot] = _beyond(walk, active, dtype)
            for c in range(classes):
                pushed = active[walk.predicted[active] != c]
                if len(pushed):
                    seeds[c, slot, pushed] = (unit[c] - unit[walk.predicted[pushed]]) / len(pushed)
        theta, _, stuck = network.step(
            theta,
            _rows(samples),
            seeds.reshape(classes, m * size, classes).astype(dtype),
            extra.astype(dtype),
            live,
            reset,
        )
        return theta, stuck.numpy()

    return _by_size(network, x, tasks, advance, lambda walk, length: walk.steps >= max_steps, dtype, label)


def universal(
    model: keras.Model,
    x: np.ndarray,
    groups: list,
    norm: str = "l2",
    slots: int = 4,
    max_steps: int = boundary.MAX_STEPS,
    max_passes: int = MAX_PASSES,
    orders: int = 3,
    seed: int = 0,
    dtype: str = "float64",
    label: str = "universal boundary of groups, all layers",
) -> Groups:
    """One member after another without resetting (Moosavi-Dezfooli et al. 2017), the best of several orders.

    A member that still predicts what it did at the start is moved by DeepFool, past the boundary by
    ITERATIVE_OVERSHOOT, until it does not; passes over the group go on until all have changed. Of several orders the
    shortest solved move counts, or else the largest share.

    Args:
        groups, and others as in `batch`. max_steps: of one member's visit. max_passes: after which a group is unsolved.
        orders: number of orders, drawn with `seed` and the order's number.

    Returns:
        Groups; `steps` are those of the order that counts.
    """
    boundary_layers.check(
        norm, dtype, {"slots": slots, "max_steps": max_steps, "max_passes": max_passes, "orders": orders}
    )
    network = copy_derivatives.network(model, slots, norm, dtype)
    tasks = [
        {"group": g, "members": np.asarray(members),
         "order": np.random.default_rng((seed, number)).permutation(len(members))}
        for g, members in enumerate(groups) for number in range(orders)
    ]  # fmt: skip

    def advance(theta, walks, samples, logits, live, reset):
        m = len(walks)
        classes = boundary.class_logits(logits).shape[-1]
        current, predicted, extra = np.zeros(m, np.int64), np.zeros(m, np.int64), np.zeros(m)
        going = np.zeros(m, bool)
        for slot, walk in enumerate(walks):
            if walk is None:
                continue
            while walk.changed[walk.order[walk.at]] or walk.visit >= max_steps or walk.stuck:
                walk.at, walk.visit, walk.stuck = walk.at + 1, 0, False
                if walk.at == len(walk.order):
                    walk.at, walk.passes = 0, walk.passes + 1
                    if walk.passes > max_passes:
                        break
            going[slot] = walk.passes <= max_passes
            walk.steps, walk.visit = walk.steps + going[slot], walk.visit + 1
            current[slot] = walk.order[walk.at]
            predicted[slot] = walk.predicted[current[slot]]
            extra[slot] = _beyond(walk, [current[slot]], dtype)
        rows = np.arange(m)
        others = boundary_layers.other_classes(predicted, classes)
        theta, _, stuck = network.step(
            theta, samples[rows, current], boundary_layers.differences(predicted, others, classes).astype(dtype),
            extra.astype(dtype), going, reset,
        )  # fmt: skip
        # a member that cannot be moved is passed over; others may be
        for walk, fixed in zip(walks, stuck.numpy(), strict=True):
            if walk is not None:
                walk.stuck = bool(fixed)
        return theta, np.zeros(m, bool)

    found = _by_size(network, x, tasks, advance, lambda walk, _: walk.passes > max_passes, dtype, label)
    best = []
    for g in range(len(groups)):
        rows = np.arange(g * orders, (g + 1) * orders)
        best.append(min(rows, key=lambda row: (not found.solved[row], -found.share[row], found.norm[row])))
    return Groups(*(values[best] for values in found))


def simple(
    model: keras.Model,
    x: np.ndarray,
    groups: list,
    training: dict,
    norm: str = "l2",
    slots: int = 4,
    max_steps: int = boundary.MAX_STEPS,
    longest: float = LONGEST,
    dtype: str = "float64",
    label: str = "simple boundary of groups, all layers",
    labels: np.ndarray | None = None,
) -> Groups:
    """Gradient ascent on the mean loss of a group until every prediction has changed (the simple weights boundary).

    The loss is the cross-entropy without penalties, labels as in `groups.simple`. The optimiser is the training's, at
    its final learning rate, from its own start. A group is unsolved where the move becomes longer than `longest`, also
    where that step changes the last prediction, or after `max_steps`.

    Args:
        groups, and others as in `batch`. training: the recipe's, see `training.train`.
        norm: that measures the move; the direction is the optimiser's.
        labels: (n,) whose loss rises; None for the classes predicted at the start.
    """
    boundary_layers.check(norm, dtype, {"slots": slots, "max_steps": max_steps})
    network = copy_derivatives.network(model, slots, norm, dtype)
    tasks = [{"group": g, "members": np.asarray(members)} for g, members in enumerate(groups)]
    adam = (schedule.BETA_1, schedule.BETA_2, schedule.EPSILON) if training["optimizer"] == "adam" else None
    momentum = float(training["momentum"] or 0.0)
    moments = [[0 * w for w in network.repeat()] for _ in range(2)]

    def advance(theta, walks, samples, logits, live, reset):
        nonlocal moments
        seeds, step = np.zeros(logits.shape), np.ones(len(walks), np.int64)
        for slot, walk in enumerate(walks):
            if walk is not None:
                s = len(walk.members)
                of = walk.predicted if labels is None else labels[walk.members]
                seeds[slot, :s] = residuals(logits[slot, :s], of) / s
                walk.steps += 1
                step[slot] = walk.steps
        rate = ensemble.step_sizes(training, max(training["epochs"] - 1, 0), step)
        theta, moments = network.ascend(
            theta, moments, _rows(samples), _rows(seeds).astype(dtype), rate.astype(dtype), live, reset, momentum, adam
        )
        return theta, np.zeros(len(walks), bool)

    def ended(walk, length):
        return walk.steps >= max_steps or length > longest

    found = _by_size(network, x, tasks, advance, ended, dtype, label)
    solved = found.solved & (found.norm <= longest)
    return found._replace(score=np.where(solved, found.score, np.nan), solved=solved)


def _beyond(walk: SimpleNamespace, members, dtype: str) -> float:
    """How far past the boundary the mean of some members goes, in units of the logits."""
    least = boundary_layers.overshoot(walk.first[None], np.ones(1), dtype)[0]
    return max(ITERATIVE_OVERSHOOT * boundary_layers.top_gap(walk.first[members]).mean(), least)


def _rows(array: np.ndarray) -> np.ndarray:
    """(m, s, ...) as (m * s, ...)."""
    return array.reshape(-1, *array.shape[2:])


def _by_size(
    network: copy_derivatives.Network,
    x: np.ndarray,
    tasks: list[dict],
    advance: Callable,
    ended: Callable,
    dtype: str,
    label: str,
) -> Groups:
    """Walk all tasks, those of similar size together, so that few shapes are compiled and little is padded."""
    for task in tasks:
        if not len(task["members"]):
            raise ValueError(f"group {task['group']} has no members; every group needs one or more")
    used, places = np.unique(
        np.concatenate([[], *(task["members"] for task in tasks)]).astype(int), return_inverse=True
    )
    first = boundary_layers.start_logits(network, x[used], dtype) if len(used) else np.empty((0, 1))
    if not np.isfinite(first).all():
        raise ValueError("the network's logits are not finite; train the model again")
    ends = np.cumsum([0, *(len(task["members"]) for task in tasks)])
    sizes = np.diff(ends)
    m, widest = len(tasks), int(sizes.max(initial=0))
    result = Groups(
        np.full(m, np.nan), np.zeros(m, bool), np.zeros(m, np.int64), np.zeros(m), np.zeros(m),
        np.full((m, widest), -1), np.full(m, np.nan),
    )  # fmt: skip
    padded = 2 ** np.ceil(np.log2(np.maximum(sizes, 1))).astype(int)
    bar = log.progress((), label, total=m)
    for size in np.unique(padded):
        rows = np.flatnonzero(padded == size)
        walks = [_walk_of(row, tasks[row], first[places[ends[row] : ends[row + 1]]]) for row in rows]
        _walk(network, x, walks, int(sizes[rows].max()), advance, ended, dtype, result, bar)
    bar.close()
    return result


def _walk_of(row: int, task: dict, first: np.ndarray) -> SimpleNamespace:
    """State of one task: `first` (s, C) and `predicted` (s,) at the start, `changed` (s,), counts."""
    return SimpleNamespace(
        row=row, members=task["members"], order=task.get("order"), first=first, predicted=predictions(first),
        changed=np.zeros(len(first), bool), steps=0, stuck=False, at=0, visit=0, passes=1,
    )  # fmt: skip


def _walk(network, x, waiting: list, size: int, advance: Callable, ended: Callable, dtype: str, result, bar) -> None:
    """Fill the rows of `result`; a finished slot takes the next waiting task.

    Args:
        waiting: from `_walk_of`. size: members that a slot holds.
        advance: (theta, walks, samples (m, size, ...), logits (m, size, C), live (m,), reset (m,)) -> theta,
            stuck (m,).
        ended: (walk, length of its move) -> whether to give up.
    """
    m = network.m
    waiting = waiting[::-1]
    columns = waiting[0].first.shape[1]
    theta, walks = network.repeat(), [None] * m
    samples, logits = np.zeros((m, size, *x.shape[1:]), dtype), np.zeros((m, size, columns))
    length, stuck = np.zeros(m), np.zeros(m, bool)
    while True:
        reset = np.zeros(m, bool)
        for slot in range(m):
            walk = walks[slot]
            if walk is not None:
                predicted = predictions(logits[slot, : len(walk.members)])
                walk.changed = predicted != walk.predicted
                solved = bool(walk.changed.all())
                if solved or stuck[slot] or ended(walk, length[slot]):
                    result.score[walk.row] = length[slot] if solved else np.nan
                    result.solved[walk.row], result.steps[walk.row] = solved, walk.steps
                    result.share[walk.row], result.norm[walk.row] = walk.changed.mean(), length[slot]
                    result.target[walk.row, : len(predicted)] = predicted
                    walks[slot] = None
                    bar.update()
            if walks[slot] is None and waiting:
                walk = walks[slot] = waiting.pop()
                s = len(walk.members)
                samples[slot] = 0
                samples[slot, :s], logits[slot, :s] = x[walk.members], walk.first
                reset[slot] = True
        live = np.array([walk is not None for walk in walks])
        if not live.any():
            return
        theta, stuck = advance(theta, walks, samples, logits, live, reset)
        found, length = network.state(theta, _rows(samples))
        logits, length = found.numpy().reshape(logits.shape).astype(np.float64), length.numpy().astype(np.float64)
