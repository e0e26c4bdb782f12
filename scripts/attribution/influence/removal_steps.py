"""What removing a group does to the parameters and to losses: first order, second order, one Newton step."""

import numpy as np

from attribution.influence import points as influence
from attribution.numerics import solvers
from attribution.numerics.hessian import factor, hessian_sum
from attribution.numerics.residuals import cross_entropy, margin_gradients, margins, residuals
from attribution.training import class_weights

METHODS = ("first-order", "second-order", "newton")


def newton_step(whole: np.ndarray, group: np.ndarray, gradient: np.ndarray, damping: float) -> np.ndarray:
    """(k,) change of the parameters by one Newton step without a group.

    Args:
        whole, group: (k, k) summed Hessians of all points and of the group, each with its share of the decay.
        gradient: (k,) the group's summed gradient, with its share of the decay.
        damping: of the summed Hessian, n times that of the mean.
    """
    return solvers.exact(factor(whole - group, damping), gradient[:, None])[:, 0]


def removal_steps(
    features: np.ndarray,
    logits: np.ndarray,
    labels: np.ndarray,
    members: np.ndarray,
    hessian: np.ndarray,
    damping: float,
    decay: np.ndarray,
    decay_gradient: np.ndarray,
    alone: np.ndarray | None = None,
    twice: bool = False,
    weights: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Change of the parameters when `members` leave the training set.

    Args:
        features: (n, D). logits: (n, C). labels: (n,). members: indices, fewer than n.
        hessian: (k, k) mean data Hessian, with the weights, plus diag(decay), undamped.
        damping: added to the diagonal.
        decay, decay_gradient: (k,) diagonal Hessian and gradient of the weight decay.
        alone: (n, C) residuals from `rescaled.residuals`, at the same Hessian and damping; with them there is a step
            `rescaled`, the sum of the members' steps when each leaves alone, the decay's share at first order.
        twice: whether there is a step `newton-twice`, Newton's and a second one with the gradient where the first one
            ends and the same Hessian: one more pass over the points that stay.
        weights: (n,) of the points in the objective; None for 1.

    Returns:
        method -> (k,) step. With p = m / n, and g_G and H_G including m times the decay's terms:
        first order (1/n) H^-1 g_G; second order after Basu, You and
        Feizi (2020), equation 9; Newton (n H - H_G + n damping)^-1 g_G, exact for an undamped quadratic loss.
        The remaining points weigh 1 / (n - m), the decay keeps its weight.

    Raises:
        ValueError: when the group is empty, or holds every training point.
    """
    n, m = len(features), len(members)
    if not 0 < m < n:
        raise ValueError(f"the group has {m} of {n} training points; it must have at least one and leave at least one")
    lower = factor(hessian, damping)
    g = influence.group_gradient(features, residuals(logits, labels, weights), members)
    # the decay belongs to every sample's loss: a group takes its share m of it along
    g += m * decay_gradient
    own = class_weights.of_members(weights, members)
    h_group = hessian_sum(features[members], logits[members], weights=own) + m * np.diag(decay)
    rest = factor(n * hessian - h_group, n * damping)
    steps = of_group(lower, rest, h_group, g, n, m)
    if alone is not None:
        summed = influence.group_gradient(features, alone, members) + m * decay_gradient
        steps["rescaled"] = solvers.exact(lower, summed[:, None])[:, 0] / n
    if twice:
        stay = np.setdiff1d(np.arange(n), members)
        newton = steps["newton"]
        moved = logits[stay] + features[stay] @ newton.reshape(features.shape[1], -1)
        # the gradient of the penalties is linear, and the damping counts as one of them
        those = (labels[stay], class_weights.of_members(weights, stay))
        bent = residuals(moved, *those) - residuals(logits[stay], *those)
        reached = (features[stay].T @ bent).ravel() + ((n - m) * decay + n * damping) * newton
        steps["newton-twice"] = newton - solvers.exact(rest, (reached - g)[:, None])[:, 0]
    return steps


def of_group(
    lower: np.ndarray, rest: np.ndarray, h_group: np.ndarray, g: np.ndarray, n: int, m: int
) -> dict[str, np.ndarray]:
    """First order, second order and Newton's step for a group of m of n points, in any parameters.

    Args:
        lower: (k, k) Cholesky factor of the damped mean Hessian. rest: that of the summed Hessian without the group.
        h_group, g: (k, k), (k,) summed Hessian and gradient of the group, with its share of the decay.
    """
    p = m / n
    first = solvers.exact(lower, g[:, None])[:, 0]
    curved = solvers.exact(lower, (h_group @ first)[:, None])[:, 0]
    return {
        "first-order": first / n,
        "second-order": (1 - 2 * p) / ((1 - p) ** 2 * n) * first + curved / ((1 - p) * n) ** 2,
        "newton": solvers.exact(rest, g[:, None])[:, 0],
    }


def loss_changes(
    features: np.ndarray, labels: np.ndarray, weights: np.ndarray, step: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Change of each target's loss when the last layer moves.

    Args:
        features: (t, D) of the targets. labels: (t,). weights: (D, C). step: (D C,).

    Returns:
        linearised (t,) g^T step, and re-evaluated (t,) L(weights + step) - L(weights).
    """
    logits = features @ weights
    moved = features @ (weights + step.reshape(weights.shape))
    linear = influence.scores(features, residuals(logits, labels), step[:, None])[:, 0]
    return linear, cross_entropy(moved, labels) - cross_entropy(logits, labels)


def margin_falls(
    features: np.ndarray, labels: np.ndarray, weights: np.ndarray, step: np.ndarray, evaluated: bool
) -> np.ndarray:
    """(t,) fall of each target's margin when the last layer moves, linearised or at the moved weights.

    Args:
        features: (t, D) of the targets. labels: (t,). weights: (D, C). step: (D C,).
    """
    before, moved = features @ weights, features @ step.reshape(weights.shape)
    if not evaluated:
        return -(margin_gradients(before, labels) * moved).sum(axis=1)
    return margins(before, labels) - margins(before + moved, labels)
