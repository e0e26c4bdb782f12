"""Algorithm 1 with the parameters re-estimated after each pick.

Scores fixed at the trained parameters mislead a greedy search when members interact (MISS, arXiv 2409.18153).
Here every step first takes the group out of the training set by one Newton step, then scores the remaining points
at the moved parameters, with their residuals and their Hessian there.
"""

import numpy as np

from attribution.groups import greedy
from attribution.influence import points as influence
from attribution.influence import removal_steps as group_influence
from attribution.numerics import solvers
from attribution.numerics.hessian import factor, hessian_sum
from attribution.numerics.residuals import residuals, unit_residuals
from attribution.runtime import log
from attribution.training import class_weights


def grow(
    features: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    decay: np.ndarray,
    decay_gradient: np.ndarray,
    damping: float,
    seeds: list[list[int]],
    size: int,
    rule: str,
    direction: str,
    keys: np.ndarray,
    excluded: np.ndarray | None = None,
    point_weights: np.ndarray | None = None,
) -> list[greedy.Group]:
    """Grow one group from each list of seeds, in the last layer.

    Args:
        features: (n, D) extended features. labels: (n,). weights: (D, C) trained last layer.
        decay, decay_gradient: (D C,) Hessian diagonal and gradient of the weight decay. damping: added to the diagonal.
        seeds, size, rule, direction, keys, excluded: as in `greedy.grow`.
        point_weights: (n,) of the training points in the objective; None for 1.

    Returns:
        one greedy.Group a seed list. `normalised_influence` is at the trained parameters, so that it compares with
        `greedy.grow`. A step costs O(n (D C)^2) flops: the Hessian of the remaining points is formed anew.

    Raises:
        ValueError: as `greedy.grow`.
    """
    allowed = greedy.allowed_members(len(features), seeds, size, direction, excluded)
    logits = features @ weights
    r = residuals(logits, labels, point_weights)
    n = len(features)

    def data_hessian(chosen, at):
        return hessian_sum(features[chosen], at[chosen], weights=class_weights.of_members(point_weights, chosen))

    whole = data_hessian(slice(None), logits) + n * np.diag(decay)
    trained = factor(whole / n, damping)
    groups = []
    for j, start in enumerate(seeds):
        members, ties = list(start), 0
        for _ in log.progress(range(size - len(start)), f"adaptive group {j + 1} of {len(seeds)}"):
            group_gradient = influence.group_gradient(features, r, np.array(members)) + len(members) * decay_gradient
            group_hessian = data_hessian(members, logits) + len(members) * np.diag(decay)
            step = group_influence.newton_step(whole, group_hessian, group_gradient, n * damping)
            moved = features @ (weights + step.reshape(weights.shape))
            r_moved = residuals(moved, labels, point_weights)
            left = np.setdiff1d(np.arange(n), members)
            lower = factor(data_hessian(left, moved) / len(left) + np.diag(decay), damping)

            def solve(b, lower=lower):
                return solvers.exact(lower, b)

            # a Newton step can make points so certain that I(x, x) underflows; relative rules allow any length
            scored = unit_residuals(moved, labels) if rule in greedy.RELATIVE else r_moved
            own, step_norm = influence.self_influence(features, scored, solve)
            weight = greedy.member_weights(rule, own)
            summed = (scored if rule == "l-relative" else r_moved)[members] * weight[members, None]
            s = influence.scores(features, scored, solve((features[members].T @ summed).reshape(-1, 1)))
            chosen, tied = greedy.pick(greedy.criterion(rule, s, own, step_norm)[:, 0], direction, allowed[:, j], keys)
            ties += tied
            allowed[chosen, j] = False
            members.append(chosen)
        order = np.array(members)
        white = solvers.whiten(trained, influence.gradients(features[order], r[order]).T)
        sums, unit = np.cumsum(white, axis=1), unit_columns(white)
        path = (sums**2).sum(axis=0) / np.arange(1, len(order) + 1)
        cosine = np.append(1.0, (unit_columns(np.cumsum(unit, axis=1))[:, :-1] * unit[:, 1:]).sum(axis=0))
        groups.append(greedy.finished(members, path, cosine, ties))
    return groups


def unit_columns(a: np.ndarray) -> np.ndarray:
    """Columns of (k, b) at length 1, also where their squares underflow; zero columns stay zero."""
    largest = np.abs(a).max(axis=0)
    scaled = a / np.where(largest > 0, largest, 1.0)
    length = np.linalg.norm(scaled, axis=0)
    return scaled / np.where(length > 0, length, 1.0)
