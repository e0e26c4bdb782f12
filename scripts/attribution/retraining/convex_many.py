"""The convex truth of many subsets at once: the last layer refitted to its optimum on each, see `convex`.

Newton's method with one Hessian a subset, taken at the optimum of all points (that of all less that of the points that
left, or that of those kept, whichever has fewer points) and taken anew only where a step brings less than hoped for:
close to a warm start a step costs a gradient alone, and gradients of many subsets share their matrix products. Subsets
whose optimum is far, as those of fewer points than parameters, end in `convex.fit`, with its step halving.
"""

import numpy as np
from scipy.linalg import cho_solve, lapack

from attribution.numerics.hessian import hessian_sum
from attribution.retraining import convex
from attribution.runtime import log
from attribution.training import class_weights

GRADIENT = 1e-10  # length of the gradient at an optimum
MAX_STEPS = 60
# What a step must leave of the gradient's length for the Hessian to be kept.
KEPT = 0.5
# Bytes of the factors of the subsets of one block, and of the probabilities of one chunk of samples.
FACTOR_BYTES = 128 << 20
CHUNK_BYTES = 1 << 20


def refits(
    features: np.ndarray, labels: np.ndarray, optimum: np.ndarray, l2: float | np.ndarray, masks: np.ndarray,
    label: str | None = None, point_weights: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Minimisers of the mean cross-entropy over the points of each mask + l2 ||W||^2, bias included.

    Args:
        features: (n, D) extended features. labels: (n,). optimum: (D, C), that of all points, the warm start.
        l2: positive, one or one a mask (M,): l2 n / m for a mean that is divided by n whatever the mask.
        masks: (M, n) bool. label: names the work in lines of progress; none without it.
        point_weights: (n,) of the points in the mean, which the number of points kept divides; None for 1.

    Returns:
        (M, D, C) float64, every gradient shorter than 1e-10, or each of its entries where `convex.fit` took over.
        Memory: the result, FACTOR_BYTES of Cholesky factors (8 k^2 bytes a subset, one subset at least), CHUNK_BYTES,
        and the points of one subset where a Hessian is taken.

    Raises:
        ValueError: when a mask keeps no point. RuntimeError: see `convex.fit`.
    """
    if not np.all(kept := masks.any(axis=1)):
        raise ValueError(
            f"subset {np.flatnonzero(~kept)[0]} has 0 members; every refit needs at least one training point"
        )
    features, optimum = np.ascontiguousarray(features, dtype=np.float64), np.asarray(optimum, dtype=np.float64)
    penalties = np.broadcast_to(np.asarray(l2, dtype=np.float64), len(masks))
    result, k = np.empty((len(masks), *optimum.shape)), optimum.size
    step = max(1, FACTOR_BYTES // (8 * k**2))
    whole = hessian_sum(features, features @ optimum, weights=point_weights)
    starts = range(0, len(masks), step)
    for start in log.progress(starts, label) if label else starts:
        part = slice(start, start + step)
        result[part] = _block(features, labels, optimum, penalties[part], masks[part], whole, point_weights)
    return result


def _block(features, labels, optimum, l2, masks, whole, point_weights) -> np.ndarray:
    sizes = masks.sum(axis=1)
    weights = np.repeat(optimum[None], len(masks), axis=0)
    factors = [
        _factor(_hessian_of(features, optimum, mask, whole, point_weights) / m, penalty)
        for mask, m, penalty in zip(masks, sizes, l2, strict=True)
    ]
    length, first = np.full(len(masks), np.inf), np.full(len(masks), np.nan)
    stuck = np.zeros(len(masks), dtype=bool)
    going = np.arange(len(masks))
    for _ in range(MAX_STEPS):
        slope = gradients(features, labels, weights[going], masks[going], point_weights) / sizes[going, None, None]
        slope += 2 * l2[going, None, None] * weights[going]
        now = np.linalg.norm(slope, axis=(1, 2))
        for place, g, size in zip(going, slope, now, strict=True):
            if size > KEPT * length[place] and size > GRADIENT:
                stuck[place] = size > first[place]
                m = masks[place]
                own = class_weights.of_members(point_weights, m)
                fresh = hessian_sum(features[m], features[m] @ weights[place], weights=own) / sizes[place]
                factors[place] = _factor(fresh, l2[place])
            if size > GRADIENT and not stuck[place]:
                weights[place] -= cho_solve((factors[place].T, False), g.ravel(), check_finite=False).reshape(g.shape)
            length[place], first[place] = size, np.nan_to_num(first[place], nan=2 * size)
        going = going[(now > GRADIENT) & ~stuck[going]]
        if not going.size:
            break
    stuck[going] = True
    for place in np.flatnonzero(stuck):
        m = masks[place]
        own = class_weights.of_members(point_weights, m)
        weights[place] = convex.fit(features[m], labels[m], optimum, l2[place], own)
    return weights


def _hessian_of(
    features: np.ndarray,
    optimum: np.ndarray,
    mask: np.ndarray,
    whole: np.ndarray,
    point_weights: np.ndarray | None = None,
) -> np.ndarray:
    fewer = mask if 2 * mask.sum() < len(mask) else ~mask
    own = class_weights.of_members(point_weights, fewer)
    found = hessian_sum(features[fewer], features[fewer] @ optimum, weights=own)
    return found if fewer is mask else whole - found


def _factor(hessian: np.ndarray, l2: float) -> np.ndarray:
    """Lower Cholesky factor of a Hessian with its penalty; overwrites it."""
    hessian[np.diag_indices(len(hessian))] += 2 * l2
    upper, info = lapack.dpotrf(hessian.T, lower=0, clean=1, overwrite_a=1)
    if info:
        raise ValueError(f"the Hessian of a refit with penalty {l2:.3g} is singular to rounding; raise the penalty")
    return upper.T


def gradients(
    features: np.ndarray, labels: np.ndarray, weights: np.ndarray, masks: np.ndarray,
    point_weights: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Summed gradients of the cross-entropy over each subset, at each subset's own weights.

    Args:
        features: (n, D). labels: (n,). weights: (S, D, C). masks: (S, n) bool. point_weights: (n,); None for 1.

    Returns:
        (S, D, C). Cost: 4 n S D C flops in two matrix products a chunk, n S C exponentials.
    """
    s, d, c = weights.shape
    # subsets last: every inner loop then runs over them, not over C classes
    side_by_side = np.ascontiguousarray(weights.transpose(1, 2, 0)).reshape(d, c * s)
    total, rows = np.zeros((d, c * s)), max(1, CHUNK_BYTES // (8 * c * s))
    for start in range(0, len(features), rows):
        part = slice(start, start + rows)
        h, y = features[part], labels[part]
        z = (h @ side_by_side).reshape(len(h), c, s)
        if c == 1:
            r = 1 / (1 + np.exp(-z)) - y[:, None, None]
        else:
            r = np.exp(z - z.max(axis=1, keepdims=True))
            r /= r.sum(axis=1, keepdims=True)
            r[np.arange(len(h)), y] -= 1
        r *= masks[:, part].T[:, None]
        if point_weights is not None:
            r *= point_weights[part, None, None]
        total += h.T @ r.reshape(len(h), c * s)
    return total.reshape(d, c, s).transpose(2, 0, 1)
