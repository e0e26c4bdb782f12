"""Influence of single points from factored gradients: g = h (x) r, flattened as the (D, C) matrix.

Sign: positive means that removing the training point raises the loss of the target (it is helpful).
Not divided by n: influence / n estimates the leave-one-out change of the loss.
"""

from collections.abc import Callable

import numpy as np

Solve = Callable[[np.ndarray], np.ndarray]


def gradients(features: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Materialised gradients of a chunk.

    Args:
        features: (b, D). residuals: (b, C).

    Returns:
        (b, D C), in the factors' dtype.
    """
    return (features[:, :, None] * residuals[:, None, :]).reshape(len(features), -1)


def scores(features: np.ndarray, residuals: np.ndarray, v: np.ndarray, chunk: int = 65536) -> np.ndarray:
    """Inner products g_x . v_j of all gradients with b vectors, without materialising a gradient.

    Args:
        features: (n, D). residuals: (n, C). v: (D C, b). chunk: samples a step.

    Returns:
        (n, b). Cost: one GEMM of 2 n D C b flops.
    """
    d, c, b = features.shape[1], residuals.shape[1], v.shape[1]
    matrices = v.reshape(d, c * b)
    result = np.empty((len(features), b), dtype=np.result_type(features, v))
    for start in range(0, len(features), chunk):
        part = slice(start, start + chunk)
        moved = (features[part] @ matrices).reshape(-1, c, b)
        np.einsum("ncb,nc->nb", moved, residuals[part], out=result[part])
    return result


def all_pairs(
    target_features: np.ndarray,
    target_residuals: np.ndarray,
    features: np.ndarray,
    residuals: np.ndarray,
    solve: Solve,
    dtype=np.float64,
    chunk: int = 1024,
) -> np.ndarray:
    """Influence of every training point on every target (Koh and Liang 2017, equation 2, without 1/n).

    Args:
        target_features, target_residuals: (t, D), (t, C).
        features, residuals: (n, D), (n, C).
        solve: (k, t) -> (k, t), the damped inverse Hessian; runs in float64.
        dtype: of the large product and of the result.
        chunk: training points whose gradients exist at a time; does not change the result beyond rounding.

    Returns:
        (t, n): row = target, column = training point. Cost: k^2 t flops for the solve, 2 t n k for the product.
    """
    solved = solve(gradients(target_features, target_residuals).T).T.astype(dtype, order="C")
    result = np.empty((len(target_features), len(features)), dtype=dtype)
    features, residuals = features.astype(dtype, copy=False), residuals.astype(dtype, copy=False)
    for start in range(0, len(features), chunk):
        part = slice(start, start + chunk)
        result[:, part] = solved @ gradients(features[part], residuals[part]).T
    return result


def self_influence(
    features: np.ndarray, residuals: np.ndarray, solve: Solve, chunk: int = 1024
) -> tuple[np.ndarray, np.ndarray]:
    """Influence of each point on itself, and the length of the parameter step that it causes.

    Returns:
        self_influence: (n,) g^T H^-1 g, never negative.
        step_norm: (n,) ||H^-1 g||, the denominator of relative influence (Barshan 2020, equation 6).
    """
    own, norm = np.empty(len(features)), np.empty(len(features))
    for start in range(0, len(features), chunk):
        part = slice(start, start + chunk)
        g = gradients(features[part], residuals[part])
        solved = solve(g.T).T
        own[part] = np.einsum("ij,ij->i", g, solved)
        norm[part] = np.linalg.norm(solved, axis=1)
    return own, norm


def group_gradient(features: np.ndarray, residuals: np.ndarray, members: np.ndarray) -> np.ndarray:
    """(D C,) sum of the members' gradients: one small GEMM on the factors."""
    return (features[members].T @ residuals[members]).ravel()
