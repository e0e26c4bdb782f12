"""The convex truth: the last layer alone, refitted to its optimum on frozen features with an L2 term.

Objective: mean cross-entropy over the kept points, each times its weight, + l2 ||W||^2 over all of the last layer, bias
included: strictly convex, with an optimum also where classes are separable.
"""

from collections.abc import Iterable

import numpy as np

from attribution.numerics.hessian import hessian_sum
from attribution.numerics.residuals import cross_entropy, residuals
from attribution.training import class_weights

GRADIENT = 1e-10  # largest entry of the gradient at an optimum
MAX_STEPS = 100


def fit(
    features: np.ndarray, labels: np.ndarray, start: np.ndarray, l2: float, point_weights: np.ndarray | None = None
) -> np.ndarray:
    """The minimiser, by Newton's method with step halving.

    Args:
        features: (n, D) extended features. labels: (n,). start: (D, C) weights to start from. l2: positive.
        point_weights: (n,) of the points in the mean, which n divides; None for 1.

    Returns:
        (D, C) float64 weights, with every entry of the gradient below 1e-10.

    Raises:
        RuntimeError: when that is not reached in 100 steps.
    """
    weights = np.array(start, dtype=np.float64)
    logits = features @ weights
    value = _loss(logits, labels, point_weights) + l2 * (weights**2).sum()
    for _ in range(MAX_STEPS):
        gradient = features.T @ residuals(logits, labels, point_weights) / len(features) + 2 * l2 * weights
        if np.abs(gradient).max() < GRADIENT:
            return weights
        curvature = hessian_sum(features, logits, weights=point_weights) / len(features)
        curvature += 2 * l2 * np.eye(weights.size)
        step, size = np.linalg.solve(curvature, gradient.ravel()).reshape(weights.shape), 1.0
        while True:
            moved = weights - size * step
            logits = features @ moved
            now = _loss(logits, labels, point_weights) + l2 * (moved**2).sum()
            # near the optimum the objective is flat to rounding: a full step is then right
            if now <= value + 1e-12 * abs(value) or size < 1e-8:
                break
            size /= 2
        weights, value = moved, now
    raise RuntimeError(
        f"the refit of {len(features)} points stopped at a gradient of {np.abs(gradient).max():.2g} after {MAX_STEPS} "
        "Newton steps; raise retraining.convex_l2"
    )


def _loss(logits: np.ndarray, labels: np.ndarray, point_weights: np.ndarray | None) -> float:
    losses = cross_entropy(logits, labels)
    return (losses if point_weights is None else losses * point_weights).mean()


def refits(
    features: np.ndarray, labels: np.ndarray, optimum: np.ndarray, l2: float, masks: Iterable,
    point_weights: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """(M, D, C) optima on the kept points of each mask, started from the optimum of all points; others as in `fit`.

    Raises:
        ValueError: when a mask keeps no point.
    """
    found = []
    for number, mask in enumerate(masks):
        if not mask.any():
            raise ValueError(f"subset {number} has 0 members; every refit needs at least one training point")
        kept = class_weights.of_members(point_weights, mask)
        found.append(fit(features[mask], labels[mask], optimum, l2, kept))
    return np.stack(found)
