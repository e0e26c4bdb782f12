"""Algorithm 1 with a weights boundary in place of influence: the member that raises the group's score least.

Many seeds at once, in the last layer or, with another `score`, in all layers. What decides a step, in this order: the
score of the group with the candidate; among candidates that raise it by nothing, because the group's own move changes
their prediction too, the smallest signed distance to the boundary under the moved weights (form `exact`); then
`greedy.tie_keys`. A candidate with which the group is unsolved is never taken; when no other is left the group ends.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np

from attribution.boundary import exact as boundary_exact
from attribution.boundary import points as boundary
from attribution.groups import greedy
from attribution.numerics.residuals import predictions
from attribution.runtime import log

# Candidates that are scored at one time by the exact and the mean form.
CHUNK = 8192


class Grown(NamedTuple):
    """`members` (size,) int64, the seeds first; `score` (size,) float64 boundary score after each step, NaN while
    unsolved; `share` (size,) share of the members changed by the group's move; `tied` (size,) bool, steps that the
    score alone did not decide; `ended` whether candidates, or solved ones among them, ran out before the size asked
    for; `solves` number of quadratic programmes (exact) or groups scored."""

    members: np.ndarray
    score: np.ndarray
    share: np.ndarray
    tied: np.ndarray
    ended: bool
    solves: int


def grow(
    score: Callable,
    seeds: list[list[int]],
    candidates: list[np.ndarray],
    size: int,
    form: str,
    keys: np.ndarray,
    features: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> list[Grown]:
    """Grow one group from each list of seeds.

    Args:
        score: padded members (M, S) -> `boundary_groups.Groups` by that form; what the forms exact and mean record.
        seeds: members that must be in. candidates: for each group, indices of the points that may join.
        size: members at the end. form: one of `boundary_groups.FORMS`. keys: (n,) from `greedy.tie_keys`.
        features, weights: (n, D) extended features and (D, C), for the forms exact and mean.

    Returns:
        one Grown a seed list.

    Raises:
        ValueError: when a group has no seed, or no group has as many candidates as it is to have members.

    A group with fewer candidates, such as one of a small class, takes them all and ends.
    """
    pools = [np.setdiff1d(pool, group) for group, pool in zip(seeds, candidates, strict=True)]
    if not all(seeds):
        raise ValueError(f"group {list(map(bool, seeds)).index(False)} has no seed; it needs one")
    short = [j for j, (group, pool) in enumerate(zip(seeds, pools, strict=True)) if len(pool) < size - len(group)]
    if len(short) == len(seeds):
        raise ValueError(
            f"no group has candidates for {size} members, the one of point {seeds[0][0]} has {len(pools[0])}; lower "
            f"boundary.greedy.size, or let more points join by boundary.greedy.forms.{form}"
        )
    for j in short:
        print(f"the group of point {seeds[j][0]} has {len(pools[j])} candidates only, and ends with them", flush=True)
    if form == "exact":
        step, record = partial(_exact_step, features, weights), partial(_record_exact, features, weights)
    else:
        step = partial(_mean_step, features, weights) if form == "mean" else partial(_scored_step, score)
        record = partial(_record, score)
    states = [_State(list(group)) for group in seeds]
    for state in states:
        for rank in range(1, len(state.members) + 1):
            record(state, state.members[:rank], False)
    ended = [False] * len(seeds)
    for _ in log.progress(range(size - min(map(len, seeds))), f"{len(seeds)} groups, form {form}"):
        for j, state in enumerate(states):
            if ended[j] or len(state.members) >= size:
                continue
            point, tied = step(state, pools[j], keys) if len(pools[j]) else (-1, False)
            if point < 0:
                ended[j] = True
                continue
            state.members.append(point)
            pools[j] = pools[j][pools[j] != point]
            record(state, state.members, tied)
    return [
        Grown(np.array(s.members), np.array(s.score), np.array(s.share), np.array(s.tied), end, s.solves)
        for s, end in zip(states, ended, strict=True)
    ]


@dataclass
class _State:
    """A group on its way: its members, what is recorded of each step, and the exact form's last solution."""

    members: list
    score: list = field(default_factory=list)
    share: list = field(default_factory=list)
    tied: list = field(default_factory=list)
    found: boundary_exact.Exact | None = None
    solves: int = 0


def _record(score: Callable, state: _State, members: list, tied: bool) -> None:
    found = score(np.array([members]))
    state.solves += 1
    _append(state, float(found.score[0]), float(found.share[0]), tied)


def _record_exact(features, weights, state: _State, members: list, tied: bool) -> None:
    h, start, share = features[members], None, 0.0
    if state.found is not None and state.found.feasible and len(state.found.target) + 1 == len(h):
        # the new member goes where the group's move brings it closest
        moved = h[-1:] @ (weights + boundary_exact.change(h[:-1], weights, state.found))
        last = boundary.runner_up(moved, predictions(h[-1:] @ weights))
        start = np.append(state.found.target, last)
    state.found = boundary_exact.smallest(h, weights, start)
    state.solves += state.found.solves
    if state.found.feasible:
        moved = h @ (weights + boundary_exact.move(h, weights, state.found.target))
        share = float(np.mean(predictions(moved) != predictions(h @ weights)))
    _append(state, state.found.score, share, tied)


def _append(state: _State, score: float, share: float, tied: bool) -> None:
    state.score.append(score)
    state.share.append(share)
    state.tied.append(tied)


def _exact_step(features, weights, state: _State, pool: np.ndarray, keys) -> tuple[int, bool]:
    """Next member, -1 for none, by the exact form.

    The members keep their targets, the candidate takes the class that it is closest to after the group's move. Then the
    dual bounds the new score from below by sqrt(score^2 + d^2), d >= 0 the candidate's distance to its boundary under
    the moved weights (one more multiplier, the others as they are). So programmes are solved in the order of d until
    the best is no more than the next bound; where some d is not positive the score does not rise and none is needed.
    """
    if not state.found.feasible:
        return -1, False
    length = np.sqrt(2.0 if weights.shape[1] > 1 else 1.0)
    moved = weights + boundary_exact.change(features[state.members], weights, state.found)
    distance = np.empty(len(pool))
    for start in range(0, len(pool), CHUNK):
        part = slice(start, start + CHUNK)
        h = features[pool[part]]
        before, logits = predictions(h @ weights), h @ moved
        after, rows = boundary.class_logits(logits), np.arange(len(h))
        gap = after[rows, before] - after[rows, boundary.runner_up(logits, before)]
        size = np.linalg.norm(h, axis=1) * length
        distance[part] = np.where(size > 0, gap / np.maximum(size, 1e-300), np.inf)
    return _least_raise(features, weights, state, pool, distance, moved, keys)


def _least_raise(features, weights, state, pool, distance, moved, keys) -> tuple[int, bool]:
    if distance.min() <= 0:
        point, tied = greedy.pick(distance, "min", np.isfinite(distance), keys[pool])
        return int(pool[point]), bool(tied or (distance <= 0).sum() > 1)
    best, best_score, level = -1, np.inf, False
    base = state.found.score
    for place in np.lexsort((keys[pool], distance)):
        bound = np.hypot(base, distance[place])
        if not np.isfinite(distance[place]) or bound > best_score * (1 + greedy.TIE_TOLERANCE):
            break
        h = features[[pool[place]]]
        last = boundary.runner_up(h @ moved, predictions(h @ weights))
        members = [*state.members, int(pool[place])]
        found = boundary_exact.solve(features[members], weights, np.append(state.found.target, last))
        state.solves += 1
        if not found.feasible:
            continue
        if found.score < best_score * (1 - greedy.TIE_TOLERANCE):
            best, best_score, level = int(pool[place]), found.score, False
        elif found.score <= best_score * (1 + greedy.TIE_TOLERANCE):
            level = True
            if keys[pool[place]] < keys[best]:
                best = int(pool[place])
    return best, level


def _mean_step(features, weights, state: _State, pool: np.ndarray, keys) -> tuple[int, bool]:
    """Next member by the mean form, whose score is a closed form of the sum of features: all candidates at once."""
    total = features[state.members].sum(axis=0)
    value = np.empty(len(pool))
    for start in range(0, len(pool), CHUNK):
        part = slice(start, start + CHUNK)
        centre = (features[pool[part]] + total) / (len(state.members) + 1)
        logits = centre @ weights
        full, rows = boundary.class_logits(logits), np.arange(len(logits))
        first = predictions(logits)
        gap = full[rows, first] - full[rows, boundary.runner_up(logits, first)]
        length = np.linalg.norm(centre, axis=1) * np.sqrt(2.0 if weights.shape[1] > 1 else 1.0)
        value[part] = np.where(length > 0, gap / np.maximum(length, 1e-300), np.inf)
    state.solves += len(pool)
    point, tied = greedy.pick(value, "min", np.isfinite(value), keys[pool])
    return (int(pool[point]) if np.isfinite(value).any() else -1), tied


def _scored_step(score: Callable, state: _State, pool: np.ndarray, keys) -> tuple[int, bool]:
    """Next member by an iterative form: the group with each candidate is one group of `score`."""
    members = np.empty((len(pool), len(state.members) + 1), np.int64)
    members[:, :-1], members[:, -1] = state.members, pool
    found = score(members)
    state.solves += len(pool)
    if not found.solved.any():
        return -1, False
    value = np.where(found.solved, found.score, np.inf)
    point, tied = greedy.pick(value, "min", found.solved, keys[pool])
    return int(pool[point]), tied
