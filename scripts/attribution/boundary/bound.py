"""What no move that changes a group's predictions can fall below, over all choices of target classes.

For given targets the smallest move is a convex programme (`exact`). Over the (C - 1)^s choices the problem is not
convex: it asks, for every member i, for some class c with h_i^T X (onehot(c) - onehot(p_i)) >= f_{p_i} - f_c.

Branch and bound (Land and Doig 1960): a node gives targets to some of the members and asks nothing of the others, so
that its convex programme is a lower bound of every choice that agrees with it. Where its move changes the other members
too, it is the smallest of all these; else the member that is farthest from changing gets each class in turn. Nodes are
visited by their bound, smallest first, so that the smallest bound of the open ones holds for the whole problem at any
time.

A node need not be solved to be bounded: its parent's move X is the point of a convex set that is nearest to 0, so that
every other point of the set, X' of the child among them, has ||X'||^2 >= ||X||^2 + ||X' - X||^2, and ||X' - X|| is at
least what the new target alone still asks for after X. Every few nodes the classes that all members are closest to
after X are descended from, as `exact` does: these are starts that no rule for choosing targets would give.

Only inner products of members enter, as in `exact`: the size of the layer does not matter.
"""

import heapq
import itertools
from typing import NamedTuple

import numpy as np

from attribution.boundary import exact as boundary_exact
from attribution.boundary import points as boundary
from attribution.numerics.residuals import predictions

# Bounds closer than this share of each other are equal to rounding.
CLOSED = 1e-9
# The first nodes, and then every so many, start a descent.
FIRST, EVERY = 20, 8
# A member counts as changed where its class falls short of another by this share of its first difference at most.
SHORT = 1e-9


class Proof(NamedTuple):
    """`score` length of the shortest move known that changes every prediction, NaN where none is; `bound` what none can
    fall below, infinite where no move exists; `target` (s,) int64 classes of that move; `nodes` visited."""

    score: float
    bound: float
    target: np.ndarray
    nodes: int

    @property
    def gap(self) -> float:
        """The certificate, (score - bound) / score: by how much of itself the move may be too long; 1 where no move is
        known."""
        return max(1 - self.bound / self.score, 0.0) if self.score > 0 else float(not self.score == 0)


class Group(NamedTuple):
    """`inner` (s, s) products of the members' features; `full` (s, C') logits of the classes; `predicted` (s,);
    `columns` of the weights."""

    inner: np.ndarray
    full: np.ndarray
    predicted: np.ndarray
    columns: int


def prove(features: np.ndarray, weights: np.ndarray, known: boundary_exact.Exact, nodes: int) -> Proof:
    """Search all choices of targets, within a number of nodes, from a move that is known.

    Args:
        features: (s, D) extended features. weights: (D, C). known: of `exact.smallest`, feasible or not.
        nodes: to visit at most, a programme each beside those of descents; none leaves the bound of the farthest
            single member.

    Returns:
        Proof. Its score is at most that of `known`; score and bound meet where the search ended by itself.
    """
    logits = features @ weights
    group = Group(features @ features.T, boundary.class_logits(logits), predictions(logits), weights.shape[1])
    score, target = (known.score, known.target) if known.feasible else (np.inf, known.target)
    alone = single_distances(group)
    tie = itertools.count()
    # the bound of a node, its order, and the members that have targets, with these
    open_nodes, solved = [(float(alone.min(axis=1).max()), next(tie), (), ())], 0
    while open_nodes and solved < nodes:
        bound, _, members, targets = heapq.heappop(open_nodes)
        if bound >= score * (1 - CLOSED):
            open_nodes = []
            break
        found, after = solved_node(group, np.array(members, int), np.array(targets, int))
        solved += 1
        if not found.feasible:
            continue
        bound = max(bound, found.bound)
        if bound >= score * (1 - CLOSED):
            continue
        short, closest = shortfall(group, after), boundary.runner_up(after, group.predicted)
        if short.max() <= 0:
            # the class that each member went to, at least as far as its target where it has one
            score, target = found.score, closest
            continue
        if solved <= FIRST or solved % EVERY == 0:
            tried = boundary_exact.smallest(features, weights, closest)
            if tried.feasible and tried.score < score:
                score, target = tried.score, tried.target
        worst = int(short.argmax())
        further = np.hypot(found.bound, distances(group, after, worst))
        for c in np.argsort(further, kind="stable"):
            if c != group.predicted[worst]:
                child = max(bound, float(alone[worst, c]), float(further[c]))
                if child < score * (1 - CLOSED):
                    heapq.heappush(open_nodes, (child, next(tie), (*members, worst), (*targets, int(c))))
    least = min((node[0] for node in open_nodes), default=np.inf)
    if not np.isfinite(score):
        return Proof(np.nan, least, target, solved)
    return Proof(score, min(least, score), target, solved)


def single_distances(group: Group) -> np.ndarray:
    """(s, C') length of the smallest move that takes each member alone to each class; infinite for its own."""
    rows = np.arange(len(group.full))
    gaps = group.full[rows, group.predicted][:, None] - group.full
    own = np.sqrt(np.diag(group.inner) * (2.0 if group.columns > 1 else 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(gaps > 0, gaps / own[:, None], 0.0)
    found[rows, group.predicted] = np.inf
    return found


def distances(group: Group, after: np.ndarray, member: int) -> np.ndarray:
    """(C',) length of the smallest further move that takes one member to each class; 0 where it is already there."""
    own = np.sqrt(group.inner[member, member] * (2.0 if group.columns > 1 else 1.0))
    short = np.maximum(after[member, group.predicted[member]] - after[member], 0.0)
    with np.errstate(divide="ignore"):
        return np.divide(short, own, out=np.zeros_like(short), where=short > 0)


def solved_node(group: Group, members: np.ndarray, targets: np.ndarray) -> tuple[boundary_exact.Exact, np.ndarray]:
    """The smallest move for the members that have targets, and (s, C') logits of all members after it."""
    if not len(members):
        return boundary_exact.Exact(0.0, 0.0, np.zeros(0), targets, 0), group.full
    predicted = group.predicted[members]
    e = boundary.directions(predicted, targets, group.columns)
    gaps = group.full[members, predicted] - group.full[members, targets]
    found = boundary_exact.least_distance(group.inner[np.ix_(members, members)] * (e @ e.T), gaps)
    if not found.feasible:
        return found, group.full
    moved = group.inner[:, members] @ (found.multipliers[:, None] * e)
    # of one logit column, class 1 moves and class 0 stays at 0
    return found, group.full + (np.concatenate([0 * moved, moved], axis=1) if group.columns == 1 else moved)


def shortfall(group: Group, after: np.ndarray) -> np.ndarray:
    """(s,) length of a further move that each member would need alone; 0 or less where another class is reached."""
    rows = np.arange(len(after))
    own = after[rows, group.predicted]
    best = after[rows, boundary.runner_up(after, group.predicted)]
    before = group.full[rows, group.predicted] - group.full[rows, boundary.runner_up(group.full, group.predicted)]
    length = np.sqrt(np.diag(group.inner) * (2.0 if group.columns > 1 else 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (own - best - SHORT * before) / length
    return np.where(own - best > SHORT * before, found, 0.0)
