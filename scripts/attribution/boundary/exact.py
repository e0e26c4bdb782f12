"""The smallest change of the last layer that takes every member of a group to a target class of its own.

Exact for given targets; which targets make the move shortest is searched by `smallest`, a descent, and by `bound`,
which also proves how much shorter any move can be.

For members h_i (D,), predicted classes p_i and chosen target classes t_i, with e_i = onehot(t_i) - onehot(p_i):

    minimise ||X||_F / over X (D, C)   subject to   h_i^T X e_i >= f_{p_i}(h_i) - f_{t_i}(h_i)   for every member i.

A least distance problem (Lawson and Hanson 1974, chapter 23), whose dual are non-negative least squares in the members:
X = sum_i u_i h_i (x) e_i with u >= 0. Only the (s, s) matrix K_ij = (h_i . h_j)(e_i . e_j) enters, so that the size of
the layer does not matter. Two bounds close in on the solution: the length of a move that meets every constraint, and
u^T b / sqrt(u^T K u), which no such move can fall below, whatever u >= 0 is. Both are of the given targets; the
certificate, which holds over all choices of them, is that of `bound`.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from attribution.boundary import points as boundary
from attribution.numerics.residuals import predictions

# Eigenvalues of K below this share of the largest are rounding.
RANK_TOLERANCE = 1e-13
# A move of this many times the largest member's own distance is taken for a problem without solution.
INFEASIBLE_LENGTH = 1e6
# Sweeps of choosing targets anew; each is a descent, and a handful settles them.
MAX_SWEEPS = 20


class Exact(NamedTuple):
    """`score` length of the smallest move, NaN where there is none; `bound` of it for these targets, from the dual,
    equal to it but for rounding (infinite where infeasible); `multipliers` (s,) u >= 0, and where infeasible a
    combination of constraints that no move can meet; `target` (s,) int64 classes; `solves` number of quadratic
    programmes solved on the way."""

    score: float
    bound: float
    multipliers: np.ndarray
    target: np.ndarray
    solves: int

    @property
    def feasible(self) -> bool:
        """Whether a move changes every prediction into its target class."""
        return bool(np.isfinite(self.score))


def solve(features: np.ndarray, weights: np.ndarray, target: np.ndarray, beyond: np.ndarray | float = 0.0) -> Exact:
    """The smallest move that takes every member to its target class.

    Args:
        features: (s, D) extended features. weights: (D, C). target: (s,) int64, other than the predicted classes.
        beyond: by how much the target's logit must exceed that of the predicted class.

    Returns:
        Exact, `solves` 1.

    Raises:
        ValueError: when a target is the predicted class, or on what `boundary.check` refuses.
    """
    boundary.check(features, weights)
    logits = features @ weights
    predicted = predictions(logits)
    if (target == predicted).any():
        raise ValueError(f"{int((target == predicted).sum())} targets are the members' own predicted class")
    full, rows = boundary.class_logits(logits), np.arange(len(logits))
    gaps = full[rows, predicted] - full[rows, target] + beyond
    e = boundary.directions(predicted, target, weights.shape[1])
    return least_distance((features @ features.T) * (e @ e.T), gaps)._replace(target=target)


def least_distance(kernel: np.ndarray, gaps: np.ndarray) -> Exact:
    """The least distance problem of constraints whose inner products are given.

    Args:
        kernel: (s, s) positive semidefinite K. gaps: (s,) right-hand sides b, none negative.

    Returns:
        Exact without targets.
    """
    own = np.sqrt(np.diag(kernel))
    none = np.zeros(0, np.int64)
    if ((own == 0) & (gaps > 0)).any():
        impossible = ((own == 0) & (gaps > 0)).astype(float)
        return Exact(np.nan, np.inf, impossible, none, 1)
    # constraints of length one: rows of very different features are then equally well conditioned
    length = np.where(own > 0, own, 1.0)
    scaled = kernel / np.outer(length, length)
    distance = gaps / length
    unit = distance.max()
    if unit == 0:
        return Exact(0.0, 0.0, np.zeros(len(gaps)), none, 1)
    values, vectors = np.linalg.eigh(scaled)
    kept = values > RANK_TOLERANCE * values[-1]
    root = vectors[:, kept] * np.sqrt(values[kept])
    b = distance / unit
    u, _ = nnls(np.vstack([root.T, b]), np.append(np.zeros(root.shape[1]), 1.0), maxiter=100 * len(b))
    left = 1 - b @ u
    if left < 1 / INFEASIBLE_LENGTH**2:
        return Exact(np.nan, np.inf, u / length, none, 1)
    u = max((u / left, _on_active_set(scaled, b, u)), key=lambda one: _bounds(scaled, b, one)[1])
    score, bound = _bounds(scaled, b, u)
    # scaled so that the move meets every constraint
    stretch = score / np.sqrt(u @ scaled @ u)
    return Exact(score * unit, bound * unit, u * stretch * unit / length, none, 1)


def _on_active_set(kernel: np.ndarray, b: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Multipliers from the equations of the active constraints, which NNLS leaves at its own tolerance."""
    active = u > 1e-12 * u.max()
    refined = np.zeros(len(u))
    refined[active] = np.linalg.lstsq(kernel[np.ix_(active, active)], b[active], rcond=None)[0]
    return np.maximum(refined, 0)


def _bounds(kernel: np.ndarray, b: np.ndarray, u: np.ndarray) -> tuple[float, float]:
    """Length of the move stretched until it meets all constraints, infinite if none does; the dual's lower bound."""
    reached = kernel @ u
    size = np.sqrt(max(u @ reached, 0.0))
    asked = b > 0
    if size == 0 or not (reached[asked] > 0).all():
        return np.inf, -np.inf
    return float(size * (b[asked] / reached[asked]).max()), float(b @ u / size)


def change(features: np.ndarray, weights: np.ndarray, found: Exact) -> np.ndarray:
    """(D, C) change of the weights of a feasible result: it ends on the boundary."""
    predicted = predictions(features @ weights)
    e = boundary.directions(predicted, found.target, weights.shape[1])
    return features.T @ (found.multipliers[:, None] * e)


def move(features: np.ndarray, weights: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(D, C) the smallest change that ends `boundary.OVERSHOOT` past every constraint, so that predictions change."""
    beyond = boundary.OVERSHOOT * boundary.logit_terms(features, weights)
    return change(features, weights, solve(features, weights, target, beyond))


def target_choices(logits: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Ways to choose target classes: each member's runner-up, and one class for all.

    Args:
        logits: (..., s, C). predicted: (..., s).

    Returns:
        (..., C' + 1, s) int64 for C' classes; a member that is predicted as the common class takes its runner-up.
    """
    second = boundary.runner_up(logits, predicted)
    classes = np.arange(boundary.class_logits(logits).shape[-1])
    common = np.where(predicted[..., None, :] == classes[:, None], second[..., None, :], classes[:, None])
    return np.concatenate([second[..., None, :], common], axis=-2)


def smallest(features: np.ndarray, weights: np.ndarray, start: np.ndarray | None = None) -> Exact:
    """The smallest move over the choices of targets tried: each of `target_choices`, then descent.

    The descent gives every member the class, other than its own, that has the largest logit after the move. The move
    stays feasible for the new targets, so each solve is no longer than the one before. With given targets the result is
    exact; over all (C - 1)^s choices it is a local optimum, from which `bound.prove` starts its search.

    Args:
        features: (s, D). weights: (D, C). start: (s,) targets to descend from alone; None for all choices.

    Returns:
        Exact.
    """
    logits = features @ weights
    predicted = predictions(logits)
    starts = target_choices(logits, predicted) if start is None else start[None]
    best, solves = None, 0
    for target in np.unique(starts, axis=0):
        found = solve(features, weights, target)
        solves += 1
        for _ in range(MAX_SWEEPS):
            if not found.feasible:
                break
            moved = features @ (weights + change(features, weights, found))
            better = boundary.runner_up(moved, predicted)
            if (better == found.target).all():
                break
            found, before = solve(features, weights, better), found
            solves += 1
            if not found.score < before.score:
                found = min(found, before, key=lambda one: one.score)
                break
        if best is None or (found.feasible and not found.score >= best.score):
            best = found
    return best._replace(solves=solves)
