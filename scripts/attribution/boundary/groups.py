"""Iterative weights boundaries of groups in the last layer, for many groups at once, each with its own weights.

The forms of the literature beside the exact one of `exact` and `bound`: the group's mean (Influenciae), DeepFool on the
batch, the universal form, and gradient ascent. Groups are padded: `members` (M, S) with -1 behind the last.
"""

from typing import NamedTuple

import numpy as np

from attribution.boundary import bound as boundary_bound
from attribution.boundary import exact as boundary_exact
from attribution.boundary import points as boundary
from attribution.numerics.residuals import predictions, residuals
from attribution.training.schedule import BETA_1, BETA_2, EPSILON

FORMS = ("exact", "mean", "batch", "universal", "simple")
# Copies of weights and features that exist at a time.
CHUNK_BYTES = 256 << 20
# How far past the boundary an iterative step ends, as a share of the member's first logit difference. DeepFool's own
# share of the *step* shrinks with it, so that members that pull apart approach the solution without ever reaching it.
ITERATIVE_OVERSHOOT = 0.02


class Groups(NamedTuple):
    """`score` (M,) float64 length of the move, NaN where unsolved; `solved` (M,) bool; `steps` (M,) int64; `share` (M,)
    float64 share of the members whose prediction has changed at the end; `norm` (M,) float64 length of the move, solved
    or not; `target` (M, S) int64 classes predicted at the end, -1 behind the last member; `bound` (M,) float64 length
    that no move which changes every prediction falls below, NaN of a form that proves none."""

    score: np.ndarray
    solved: np.ndarray
    steps: np.ndarray
    share: np.ndarray
    norm: np.ndarray
    target: np.ndarray
    bound: np.ndarray


class Batch(NamedTuple):
    """Padded groups: `h` (M, S, D) features, zero where there is no member; `mask` (M, S) bool; `before` (M, S) int64
    predicted classes; `labels` (M, S) int64 those whose loss form `simple` raises; `weights` (M, D, C) each group's own
    copy; `start` (D, C) the weights it starts from."""

    h: np.ndarray
    mask: np.ndarray
    before: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    start: np.ndarray

    def logits(self) -> np.ndarray:
        """(M, S, C) under each group's own weights."""
        return self.h @ self.weights

    def changed(self) -> np.ndarray:
        """(M, S) bool: members that are predicted otherwise than before."""
        return self.mask & (predictions(self.logits()) != self.before)

    def finished(self) -> np.ndarray:
        """(M,) bool: groups all of whose members have changed."""
        return (self.changed() | ~self.mask).all(axis=1)

    def first_gaps(self) -> np.ndarray:
        """(M, S) difference of the two largest logits under the first weights, at least the rounding of a logit."""
        full = boundary.class_logits(self.h @ self.start)
        second = np.take_along_axis(full, boundary.runner_up(full, self.before)[..., None], axis=-1)
        gaps = np.take_along_axis(full, self.before[..., None], axis=-1) - second
        least = boundary.OVERSHOOT * boundary.logit_terms(self.h, self.start)
        return np.maximum(gaps[..., 0], least / ITERATIVE_OVERSHOOT)

    def result(self, steps: np.ndarray, solved: np.ndarray | None = None) -> Groups:
        """What the weights as they are now amount to; `solved` defaults to every prediction having changed."""
        norm = np.linalg.norm((self.weights - self.start).reshape(len(self.h), -1), axis=1)
        solved = self.finished() if solved is None else solved
        share = self.changed().sum(axis=1) / self.mask.sum(axis=1)
        target = np.where(self.mask, predictions(self.logits()), -1)
        unknown = np.full(len(self.h), np.nan)
        return Groups(np.where(solved, norm, np.nan), solved, steps, share, norm, target, unknown)


def padded(groups: list[np.ndarray]) -> np.ndarray:
    """(M, S) int64 members of groups of different sizes, -1 behind the last."""
    members = np.full((len(groups), max(map(len, groups))), -1, np.int64)
    for row, group in zip(members, groups, strict=True):
        row[: len(group)] = group
    return members


def batch_of(features: np.ndarray, weights: np.ndarray, members: np.ndarray, labels: np.ndarray | None = None) -> Batch:
    """Gather padded groups.

    Args:
        features: (n, D). weights: (D, C). members: (M, S) rows of `features`, -1 behind the last. labels: (n,) whose
            loss form `simple` raises; None for the classes that are predicted.
    """
    mask = members >= 0
    h = features[np.maximum(members, 0)] * mask[..., None]
    own = np.broadcast_to(weights, (len(members), *weights.shape)).copy()
    before = predictions(h @ weights)
    return Batch(h, mask, before, before if labels is None else labels[np.maximum(members, 0)], own, weights)


def score(
    features: np.ndarray,
    weights: np.ndarray,
    members: np.ndarray,
    form: str,
    settings: dict,
    labels: np.ndarray | None = None,
) -> Groups:
    """Boundary scores of many groups, in chunks of bounded memory.

    Args:
        features: (n, D) extended features. weights: (D, C). members: (M, S) padded groups.
        form: one of FORMS. settings: `max_steps`, `passes`, `orders`, `nodes`, `seed`, `max_norm` and `optimizer`, of
            which each form takes its own. labels: as in `batch_of`.

    Returns:
        Groups.

    Raises:
        ValueError: for an unknown form, an empty group, or what `boundary.check` refuses.
    """
    boundary.check(features[:0], weights)
    if form not in FORMS:
        raise ValueError(f"boundary form is '{form}'; allowed are {', '.join(FORMS)}")
    if not (members >= 0).any(axis=1).all():
        raise ValueError(f"{int((members < 0).all(axis=1).sum())} groups have no member; a group needs at least one")
    one = 8 * (members.shape[1] * (features.shape[1] + 8 * weights.shape[1]) + 16 * weights.size)
    step = max(1, CHUNK_BYTES // one)
    parts = []
    for first in range(0, len(members), step):
        padded = batch_of(features, weights, members[first : first + step], labels)
        forms = {"exact": exact, "mean": mean, "batch": batch, "universal": universal, "simple": simple}
        parts.append(forms[form](padded, settings))
    return Groups(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def exact(batch: Batch, settings: dict) -> Groups:
    """The smallest move that changes every prediction, by `bound.prove`, a group at a time; steps count programmes.

    The certificate is the gap between the score and `bound`, which no move that changes every prediction falls below.
    Solved means that a move was found and that every prediction has changed under it.
    """
    steps, norm, bound = np.zeros(len(batch.h), np.int64), np.full(len(batch.h), np.nan), np.zeros(len(batch.h))
    for j, (h, mask) in enumerate(zip(batch.h, batch.mask, strict=True)):
        known = boundary_exact.smallest(h[mask], batch.start)
        found = boundary_bound.prove(h[mask], batch.start, known, settings["nodes"])
        steps[j], norm[j], bound[j] = known.solves + found.nodes, found.score, found.bound
        if np.isfinite(found.score):
            batch.weights[j] += boundary_exact.move(h[mask], batch.start, found.target)
    result = batch.result(steps)
    solved = result.solved & np.isfinite(norm)
    return result._replace(score=np.where(solved, norm, np.nan), solved=solved, bound=bound)


def mean(batch: Batch, settings: dict) -> Groups:
    """The smallest move that changes the prediction of the mean logits (what Influenciae averages): a closed form.

    Solved means that the mean is predicted otherwise; `share` says how many members are.
    """
    size = batch.mask.sum(axis=1, keepdims=True)
    centre = batch.h.sum(axis=1) / size
    batch.weights[:] += boundary.moves(centre, batch.start)
    before = predictions(centre @ batch.start)
    after = predictions(np.einsum("md,mdc->mc", centre, batch.weights))
    found = boundary.closed_form(centre, batch.start)
    result = batch.result(np.ones(len(batch.h), np.int64), before != after)
    return result._replace(score=np.where(result.solved, found.score, np.nan), norm=found.score)


def batch(padded: Batch, settings: dict) -> Groups:
    """DeepFool on the batch: steps on the mean logit difference of the members that have not changed yet.

    A step takes, of the target choices of `boundary_exact.target_choices`, the one with the smallest ratio of mean
    difference to the norm of its gradient, and moves by it and past the boundary by ITERATIVE_OVERSHOOT.
    """
    columns, first = padded.start.shape[1], padded.first_gaps()
    steps = np.zeros(len(padded.h), np.int64)
    for _ in range(settings["max_steps"]):
        waiting = padded.mask & ~padded.changed()
        going = waiting.any(axis=1)
        if not going.any():
            break
        h, before, waits = padded.h[going], padded.before[going], waiting[going]
        logits = h @ padded.weights[going]
        full = boundary.class_logits(logits)
        choices = boundary_exact.target_choices(logits, before)
        own = np.take_along_axis(full, before[..., None], axis=-1)[..., 0]
        # (M, choices, S): difference to each choice, and the class factor of its gradient
        gaps = own[:, None] - np.take_along_axis(full[:, None], choices[..., None], axis=-1)[..., 0]
        e = boundary.directions(np.broadcast_to(before[:, None], choices.shape), choices, columns)
        share = waits / waits.sum(axis=1, keepdims=True)
        gap = np.einsum("mks,ms->mk", gaps, share)
        gradient = np.einsum("msd,ms,mksc->mkdc", h, share, e, optimize=True)
        length = np.linalg.norm(gradient.reshape(*gradient.shape[:2], -1), axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(length > 0, np.abs(gap) / length, np.inf)
        rows, best = np.arange(len(h)), ratio.argmin(axis=1)
        beyond = ITERATIVE_OVERSHOOT * (first[going] * share).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            amount = (np.abs(gap[rows, best]) + beyond) / length[rows, best] ** 2
        amount = np.where(np.isfinite(ratio[rows, best]), amount, 0.0)
        padded.weights[going] += amount[:, None, None] * gradient[rows, best]
        steps[going] += 1
    return padded.result(steps)


def universal(batch: Batch, settings: dict) -> Groups:
    """One member after another without resetting (Moosavi-Dezfooli et al. 2017, algorithm 1), until all have changed.

    A member that is still predicted as before makes the step of `boundary.closed_form` from the weights as they are.
    `orders` seeded orders are tried and the shortest move that changes everyone is kept; steps count the moves made.
    """
    best = None
    for order in range(settings["orders"]):
        rng = np.random.default_rng((settings["seed"], order))
        turn = np.argsort(rng.random(batch.mask.shape[1]))
        tried = batch._replace(weights=batch.weights.copy())
        found = tried.result(_universal_passes(tried, turn, settings["passes"]))
        if best is None:
            best = found
            continue
        # of moves that leave members unchanged the one that leaves fewer, whatever its length
        longer = np.where(found.share == best.share, found.norm >= best.norm, found.share < best.share)
        better = np.where(found.solved == best.solved, ~longer, found.solved)
        pairs = zip(found, best, strict=True)
        best = Groups(*(np.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old) for new, old in pairs))
    return best


def _universal_passes(batch: Batch, turn: np.ndarray, passes: int) -> np.ndarray:
    steps, first = np.zeros(len(batch.h), np.int64), batch.first_gaps()
    for _ in range(passes):
        if batch.finished().all():
            break
        for place in turn:
            h, before = batch.h[:, place], batch.before[:, place]
            logits = np.einsum("md,mdc->mc", h, batch.weights)
            going = batch.mask[:, place] & (predictions(logits) == before)
            if not going.any():
                continue
            h, before, logits = h[going], before[going], logits[going]
            target = boundary.runner_up(logits, before)
            full, rows = boundary.class_logits(logits), np.arange(len(h))
            gap = full[rows, before] - full[rows, target]
            e = boundary.directions(before, target, batch.start.shape[1])
            length = np.maximum((h**2).sum(axis=1) * (e**2).sum(axis=1), 1e-300)
            amount = (gap + ITERATIVE_OVERSHOOT * first[going, place]) / length
            batch.weights[going] += (amount[:, None] * h)[:, :, None] * e[:, None]
            steps[going] += 1
    return steps


def simple(batch: Batch, settings: dict) -> Groups:
    """Simple weights boundary: gradient ascent on the group's mean cross-entropy until every prediction has changed.

    With the classes predicted before as labels a rising loss is what changes a prediction, also where the network is
    wrong; with the points' own labels, the report's form, a member that is wrong is pushed away from its label, not
    from its prediction. Stopped, unsolved, at a move longer than `max_norm` or after `max_steps`.

    Args:
        settings: `max_steps`, `max_norm`, and `optimizer`: `name` adam or sgd, `learning_rate`, `momentum`.
    """
    optimizer, columns = settings["optimizer"], batch.start.shape[1]
    share = batch.mask / batch.mask.sum(axis=1, keepdims=True)
    first, second = np.zeros_like(batch.weights), np.zeros_like(batch.weights)
    steps = np.zeros(len(batch.h), np.int64)
    for step in range(1, settings["max_steps"] + 1):
        norm = np.linalg.norm((batch.weights - batch.start).reshape(len(batch.h), -1), axis=1)
        going = ~batch.finished() & (norm <= settings["max_norm"])
        if not going.any():
            break
        part = batch._replace(h=batch.h[going], weights=batch.weights[going])
        logits = part.logits()
        residual = residuals(logits.reshape(-1, columns), batch.labels[going].ravel()).reshape(logits.shape)
        gradient = np.swapaxes(part.h * share[going][..., None], 1, 2) @ residual
        if optimizer["name"] == "adam":
            first[going] = BETA_1 * first[going] + (1 - BETA_1) * gradient
            second[going] = BETA_2 * second[going] + (1 - BETA_2) * gradient**2
            rate = optimizer["learning_rate"] * np.sqrt(1 - BETA_2**step) / (1 - BETA_1**step)
            batch.weights[going] += rate * first[going] / (np.sqrt(second[going]) + EPSILON)
        else:
            first[going] = optimizer["momentum"] * first[going] + optimizer["learning_rate"] * gradient
            batch.weights[going] += first[going]
        steps[going] += 1
    result = batch.result(steps)
    solved = result.solved & (result.norm <= settings["max_norm"])
    return result._replace(score=np.where(solved, result.norm, np.nan), solved=solved)
