"""What removing a group does in all layers: first order, second order, rescaled, Newton, linearised and re-evaluated.

The last layer's formulas in every parameter of the network, with the Gauss-Newton matrix J_i^T S_i J_i of a sample in
the place of its Hessian, S = diag(p) - p p^T: no sum of them is indefinite. For networks of a few thousand parameters.
"""

from collections.abc import Iterator

import keras
import numpy as np

from attribution.influence import all_layers
from attribution.influence.removal_steps import of_group
from attribution.networks import penalties, precision
from attribution.numerics import solvers
from attribution.numerics.hessian import factor
from attribution.numerics.residuals import cross_entropy, margin_gradients, margins, probabilities, residuals

STEPS = ("first-order", "second-order", "rescaled", "newton")
# Every step, both ways.
FAMILY = tuple(f"{step}{way}" for way in ("", " re-evaluated") for step in STEPS)


def group_predictions(
    model: keras.Model, x: np.ndarray, labels: np.ndarray, damping: float, target_x: np.ndarray,
    target_labels: np.ndarray, masks: np.ndarray, batch: int, weights: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Change of every target's loss by each prediction of FAMILY when the points outside a mask leave.

    Args:
        model: stays as it is; a copy in float64 is computed with. x: (n, ...). labels: (n,).
        damping: added to the diagonal of the mean Gauss-Newton matrix, which holds the penalties' Hessian too.
        target_x: (t, ...). target_labels: (t,). masks: (g, n), False where a point leaves; at least one leaves and one
            stays. batch: samples a pass. weights: (n,) of the training points in the objective; None for 1.

    Returns:
        (FAMILY, g, t) float64. Memory: 16 n C k bytes, and 24 k^2.

    Raises:
        ValueError: when a mask keeps no point or all, or the matrix is not positive definite.
    """
    copy = precision.in_float64(model, x)
    theta = penalties.derivatives(copy.trainable_variables)[0]
    before, of_targets = all_layers.gradients(copy, target_x, target_labels, batch)
    result = np.empty((len(FAMILY), len(masks), len(target_labels)))
    for number, steps in enumerate(group_steps(copy, x, labels, damping, masks, batch, weights=weights)):
        for place, name in enumerate(STEPS):
            result[place, number] = of_targets @ steps[name]
            moved = logits_at(copy, theta + steps[name], target_x, batch)
            change = cross_entropy(moved, target_labels) - cross_entropy(before, target_labels)
            result[place + len(STEPS), number] = change
    return result


def margin_falls(
    model: keras.Model, x: np.ndarray, labels: np.ndarray, damping: float, target_x: np.ndarray,
    target_labels: np.ndarray, masks: np.ndarray, batch: int, step: str, evaluated: bool,
    weights: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """(g, t) fall of every target's margin by one of STEPS, linearised or at the moved parameters.

    Args, memory and raises as `group_predictions`.
    """
    copy = precision.in_float64(model, x)
    theta = penalties.derivatives(copy.trainable_variables)[0]
    every = group_steps(copy, x, labels, damping, masks, batch, step == "rescaled", weights)
    steps = (found[step] for found in every)
    before, jacobian = all_layers.jacobian(copy, target_x, batch)
    if not evaluated:
        slopes = np.einsum("tck,tc->tk", jacobian, margin_gradients(before, target_labels))
        return np.stack([-slopes @ moved for moved in steps])
    now = margins(before, target_labels)
    return np.stack([now - margins(logits_at(copy, theta + moved, target_x, batch), target_labels) for moved in steps])


def group_steps(
    copy: keras.Model, x: np.ndarray, labels: np.ndarray, damping: float, masks: np.ndarray, batch: int,
    rescaled: bool = True, weights: np.ndarray | None = None,
) -> Iterator[dict[str, np.ndarray]]:  # fmt: skip
    """STEPS (k,) of each group, one group after another; `rescaled` only where it is wanted.

    Args:
        copy: in float64. Others as `group_predictions`.
    """
    n, out = len(x), (~masks).sum(axis=1)
    if not ((out > 0) & (out < n)).all():
        wrong = int(np.flatnonzero((out == 0) | (out == n))[0])
        raise ValueError(f"group {wrong} has {out[wrong]} of {n} training points; at least one must leave and one stay")
    theta, decay, slope = penalties.derivatives(copy.trainable_variables)
    logits, jacobian = all_layers.jacobian(copy, x, batch)
    gradients = np.einsum("nck,nc->nk", jacobian, residuals(logits, labels, weights))
    roots = curvature_roots(logits, jacobian)
    if weights is not None:
        roots *= np.sqrt(weights)[:, None, None]
    flat = roots.reshape(-1, len(theta))
    whole = flat.T @ flat + n * np.diag(decay)
    lower = factor(whole / n, damping)
    for mask in masks:
        members = np.flatnonzero(~mask)
        of_members = roots[members].reshape(-1, len(theta))
        h_group = of_members.T @ of_members + len(members) * np.diag(decay)
        g = gradients[members].sum(axis=0) + len(members) * slope
        steps = of_group(lower, factor(whole - h_group, n * damping), h_group, g, n, len(members))
        yield steps | ({"rescaled": _rescaled(lower, gradients, roots, members, g, n)} if rescaled else {})


def _rescaled(lower, gradients, roots, members, g, n: int) -> np.ndarray:
    m, of_members = len(members), roots[members]
    # (H - U^T U / n)^-1 g = H^-1 (g + U^T (n - U H^-1 U^T)^-1 U H^-1 g) for each member, by Woodbury's identity
    solved = solvers.exact(lower, of_members.reshape(-1, len(g)).T).reshape(len(g), m, -1)
    own = np.einsum("mck,kme->mce", of_members, solved)
    along = np.einsum("kmc,mk->mc", solved, gradients[members])
    inner = np.linalg.solve(n * np.eye(own.shape[1]) - own, along[:, :, None])[:, :, 0]
    return (solvers.exact(lower, g[:, None])[:, 0] + np.einsum("kmc,mc->k", solved, inner)) / n


def curvature_roots(logits: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
    """(n, C, k) matrices U with U^T U = J^T (diag(p) - p p^T) J of each sample.

    Args:
        logits: (n, C). jacobian: (n, C, k) of the logits.
    """
    p = probabilities(logits)
    if p.shape[1] == 1:
        return np.sqrt(p * (1 - p))[:, :, None] * jacobian
    mean = np.einsum("nc,nck->nk", p, jacobian)
    return np.sqrt(p)[:, :, None] * (jacobian - mean[:, None])


def logits_at(model: keras.Model, theta: np.ndarray, x: np.ndarray, batch: int) -> np.ndarray:
    """(n, C) float64 logits in inference mode at other values (k,) of the trainable variables, which are put back."""
    kept, start = [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables], 0
    try:
        for variable in model.trainable_variables:
            size = int(np.prod(variable.shape))
            variable.assign(theta[start : start + size].reshape(variable.shape))
            start += size
        parts = [model(x[i : i + batch], training=False) for i in range(0, len(x), batch)]
        return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts]).astype(np.float64)
    finally:
        for variable, value in zip(model.trainable_variables, kept, strict=True):
            variable.assign(value)
