"""Influence with each point's own curvature taken out of the Hessian: rescaled influence for any number of classes.

Leave-one-out by one Newton step is (H - H_i / n)^-1 g_i / n. With g_i = h (x) r, H_i = h h^T (x) S and
S = diag(p) - p p^T, Woodbury's identity makes that H^-1 (h (x) M^-1 r) / n with M = I - S B / n and
B_cc' = h^T (H^-1)_cc' h: a C x C solve a point. One logit gives the form of Rubinstein and Hopkins (2025). A set's
effect is the sum of its points'.
"""

import numpy as np

from attribution.influence.points import Solve
from attribution.numerics.residuals import probabilities

CHUNK = 4096  # samples a step


def inverse(solve: Solve, k: int) -> np.ndarray:
    """(k, k) the damped inverse Hessian itself, symmetric: 8 k^2 bytes."""
    found = solve(np.eye(k))
    return (found + found.T) / 2


def leverages(features: np.ndarray, inverse: np.ndarray, classes: int, chunk: int = CHUNK) -> np.ndarray:
    """(n, C, C) of h^T (H^-1)_cc' h, symmetric, for each point.

    Args:
        features: (n, D). inverse: (D C, D C). chunk: samples a step; does not change the result beyond rounding.

    Cost: n D^2 C (C + 1) flops.
    """
    d = features.shape[1]
    blocks = inverse.reshape(d, classes, d, classes)
    result = np.empty((len(features), classes, classes))
    for start in range(0, len(features), chunk):
        h = np.asarray(features[start : start + chunk], dtype=np.float64)
        for one in range(classes):
            for other in range(one + 1):
                value = np.einsum("nd,nd->n", h @ np.ascontiguousarray(blocks[:, one, :, other]), h)
                result[start : start + chunk, one, other] = result[start : start + chunk, other, one] = value
    return result


def residuals(
    logits: np.ndarray, residuals: np.ndarray, leverages: np.ndarray, n: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """(m, C) M^-1 r of points, in place of r wherever influence is asked for.

    Args:
        logits, residuals: (m, C). leverages: (m, C, C), of the inverse of the mean Hessian. n: training points of it.
        weights: (m,) of the points in the objective, by which residuals are multiplied already; None for 1.

    Raises:
        ValueError: when the Hessian without a point is not positive definite, which no damped one is.
    """
    p, c = probabilities(logits), residuals.shape[1]
    if c == 1:
        curvature = (p * (1 - p))[:, :, None]
    else:
        curvature = p[:, :, None] * np.eye(c) - p[:, :, None] * p[:, None]
    if weights is not None:
        curvature = curvature * weights[:, None, None]
    matrix = np.eye(c) - curvature @ leverages / n
    # all eigenvalues of S B / n are real and not negative, those of the whole Hessian's share in a point below 1
    if not (np.linalg.det(matrix) > 0).all():
        worst = int(np.argmin(np.linalg.det(matrix)))
        raise ValueError(
            f"the Hessian without training point {worst} is not positive definite; raise influence.damping"
        )
    return np.linalg.solve(matrix, residuals[:, :, None])[:, :, 0]
