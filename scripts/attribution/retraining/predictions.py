"""Predicted changes of losses when points or groups leave the training set, and how well they agree with refits."""

import numpy as np
from scipy.stats import rankdata

from attribution.influence import removal_steps as group_influence
from attribution.influence import rescaled
from attribution.numerics.hessian import factor
from attribution.numerics.residuals import cross_entropy, residuals

# Linearised losses after the three steps, then the loss itself at the moved parameters.
METHODS = ("first-order", "second-order", "newton", "first-order re-evaluated", "newton re-evaluated")
# Every step, both ways.
STEPS = ("first-order", "second-order", "rescaled", "newton", "newton-twice")
FAMILY = tuple(f"{step}{way}" for way in ("", " re-evaluated") for step in STEPS)


def group_predictions(
    features: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    hessian: np.ndarray,
    damping: float,
    decay: np.ndarray,
    decay_gradient: np.ndarray,
    target_features: np.ndarray,
    target_labels: np.ndarray,
    masks: np.ndarray,
    methods: tuple[str, ...] = METHODS,
) -> np.ndarray:
    """Change of every target's loss by each method when the points outside a mask leave.

    Args:
        features, labels, weights, hessian, damping, decay, decay_gradient: see `group_influence.removal_steps`;
            weights (D, C). target_features: (t, D). target_labels: (t,). masks: (g, n), False where a point leaves.
        methods: of METHODS or FAMILY.

    Returns:
        (methods, g, t) float64.
    """
    logits, alone = features @ weights, None
    if any(method.startswith("rescaled") for method in methods):
        inverse = np.linalg.inv(factor(hessian, damping))
        own = rescaled.leverages(features, inverse.T @ inverse, logits.shape[1])
        alone = rescaled.residuals(logits, residuals(logits, labels), own, len(labels))
    result = np.empty((len(methods), len(masks), len(target_labels)))
    for number, mask in enumerate(masks):
        steps = group_influence.removal_steps(
            features, logits, labels, np.flatnonzero(~mask), hessian, damping, decay, decay_gradient, alone=alone,
            twice=any(method.startswith("newton-twice") for method in methods),
        )  # fmt: skip
        changes = {
            method: group_influence.loss_changes(target_features, target_labels, weights, step)
            for method, step in steps.items()
        }
        for place, method in enumerate(methods):
            name, _, evaluated = method.partition(" ")
            result[place, number] = changes[name][1 if evaluated else 0]
    return result


def losses_at(weights: np.ndarray, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(M, t) losses of the targets at each of (M, D, C) last layers."""
    return np.stack([cross_entropy(features @ w, labels) for w in weights])


def on_group_and_test(changes: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean change of the loss over the points that left, and over the test set.

    Args:
        changes: (..., g, n + m), training targets first. masks: (g, n), False where a point left.

    Returns:
        own (..., g), test (..., g).
    """
    n = masks.shape[1]
    out = ~masks
    return (changes[..., :n] * out).sum(axis=-1) / out.sum(axis=1), changes[..., n:].mean(axis=-1)


def pearson(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlation along the first axis, NaN where one side is constant.

    Args:
        a, b: (s, ...).
    """
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return (a * b).sum(axis=0) / np.where(scale > 0, scale, np.nan)


def spearman(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Rank correlation along the first axis, NaN where one side is constant; ties share their mean rank."""
    return pearson(rankdata(a, axis=0), rankdata(b, axis=0))


def bootstrap(statistic, *arrays: np.ndarray, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """5th and 95th percentile of a statistic over resampled rows of all arrays together."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(arrays[0]), (draws, len(arrays[0])))
    values = [float(statistic(*(a[row] for a in arrays))) for row in rows]
    low, high = np.nanpercentile(values, [5, 95])
    return float(low), float(high)
