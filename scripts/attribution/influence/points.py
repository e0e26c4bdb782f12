"""Influence of single points from factored gradients: g = h (x) r, flattened as the (D, C) matrix.

Sign: positive means that removing the training point raises the loss of the target (it is helpful).
Not divided by n: influence / n estimates the leave-one-out change of the loss.
"""

from collections.abc import Callable

import numpy as np

from attribution.runtime import log

Solve = Callable[[np.ndarray], np.ndarray]
# Bytes of materialised gradients in all_pairs: large enough for full BLAS speed, small beside the result.
CHUNK_BYTES = 16 << 20


def gradients(features: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Materialised gradients of a chunk.

    Args:
        features: (b, D). residuals: (b, C).

    Returns:
        (b, D C), in the factors' dtype.
    """
    return (features[:, :, None] * residuals[:, None, :]).reshape(len(features), -1)


def scores(features: np.ndarray, residuals: np.ndarray, v: np.ndarray, chunk: int = 4096) -> np.ndarray:
    """Inner products g_x . v_j of all gradients with b vectors, without materialising a gradient.

    Args:
        features: (n, D). residuals: (n, C). v: (D C, b). chunk: samples a step, few enough to stay in cache.

    Returns:
        (n, b), Fortran-ordered: the scores of one vector are contiguous. Cost: one GEMM of 2 n D C b flops.
    """
    d, c, b = features.shape[1], residuals.shape[1], v.shape[1]
    matrices = v.reshape(d, c * b).T
    result = np.empty((b, len(features)), dtype=np.result_type(features, v))
    for start in range(0, len(features), chunk):
        part = slice(start, start + chunk)
        # samples last: every inner loop then runs over thousands of samples, not over C classes
        moved = (matrices @ features[part].T).reshape(c, b, -1)
        np.einsum("cbn,cn->bn", moved, np.ascontiguousarray(residuals[part].T), out=result[:, part])
    return result.T


def all_pairs(
    target_features: np.ndarray,
    target_residuals: np.ndarray,
    features: np.ndarray,
    residuals: np.ndarray,
    solve: Solve,
    dtype=np.float64,
    chunk: int | None = None,
) -> np.ndarray:
    """Influence of every training point on every target (Koh and Liang 2017, equation 2, without 1/n).

    Args:
        target_features, target_residuals: (t, D), (t, C).
        features, residuals: (n, D), (n, C).
        solve: (k, t) -> (k, t), the damped inverse Hessian; runs in float64.
        dtype: of the large product and of the result.
        chunk: training points whose gradients exist at a time, by default as many as fit CHUNK_BYTES; does not
            change the result beyond rounding.

    Returns:
        (t, n): row = target, column = training point. Cost: 2 k^2 t flops for the solve, 2 t n k for the product.
        Memory: the result, CHUNK_BYTES, and about 3 t k float64; pass the targets in parts where that is too much.
    """
    solved = solve(gradients(target_features, target_residuals).T).T.astype(dtype, copy=False)
    result = np.empty((len(target_features), len(features)), dtype=dtype)
    k = features.shape[1] * residuals.shape[1]
    chunk = chunk or max(1, CHUNK_BYTES // (k * result.itemsize))
    for start in range(0, len(features), chunk):
        part = slice(start, start + chunk)
        h, r = (np.ascontiguousarray(a[part].T, dtype=dtype) for a in (features, residuals))
        # samples last, the layout that BLAS packs fastest; written in place, so the product is not copied
        np.matmul(solved, (h[:, None] * r[None]).reshape(k, -1), out=result[:, part])
    return result


def self_influence(
    features: np.ndarray, residuals: np.ndarray, solve: Solve, chunk: int = 1024, label: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Influence of each point on itself, and the length of the parameter step that it causes.

    Args:
        features, residuals: (n, D), (n, C). solve: (k, b) -> (k, b), the damped inverse Hessian.
        chunk: points whose gradients exist at a time; does not change the result beyond rounding.
        label: names the work in lines of progress; none without it.

    Returns:
        self_influence: (n,) g^T H^-1 g, never negative.
        step_norm: (n,) ||H^-1 g||, the denominator of relative influence (Barshan 2020, equation 6).
    """
    own, norm = np.empty(len(features)), np.empty(len(features))
    starts = range(0, len(features), chunk)
    for start in log.progress(starts, label) if label else starts:
        part = slice(start, start + chunk)
        g = gradients(features[part], residuals[part])
        solved = solve(g.T).T
        own[part] = np.einsum("ij,ij->i", g, solved)
        norm[part] = np.linalg.norm(solved, axis=1)
    return own, norm


def unit(residuals: np.ndarray, own: np.ndarray) -> np.ndarray:
    """(n, C) residuals whose gradients have length 1, zero where a gradient is.

    Args:
        residuals: (n, C). own: (n,) squared lengths of the gradients, such as their self-influence.
    """
    return residuals / np.sqrt(np.where(own > 0, own, np.inf))[:, None]


def refuse_zero_gradients(own: np.ndarray) -> None:
    """Print a line where some training points have no influence even on themselves; refuse when none has.

    Args:
        own: (n,) self-influence, zero where the gradient is, or is so small that its square is.

    Raises:
        ValueError: when all are zero.
    """
    zero = own <= 0
    reason = "their gradients are zero or too small to be squared, as their labels are predicted with certainty"
    if zero.all():
        raise ValueError(
            f"all {len(own)} training points have a self-influence of exactly zero: {reason}; nothing can be ranked: "
            "train the network with a penalty or for fewer epochs, or give one that is less certain"
        )
    if zero.any():
        print(
            f"warning: {zero.sum()} of {len(own)} training points, the first is {np.flatnonzero(zero)[0]}, have a "
            f"self-influence of exactly zero: {reason}; rules of relative influence refuse them, and among equal "
            "influences tie_seed decides",
            flush=True,
        )


def group_gradient(features: np.ndarray, residuals: np.ndarray, members: np.ndarray) -> np.ndarray:
    """(D C,) sum of the members' gradients: one small GEMM on the factors."""
    return (features[members].T @ residuals[members]).ravel()


def refuse_large_matrix(targets: int, n: int, limit: float) -> None:
    """Raise ValueError when a (targets, n) float64 matrix is larger than `limit` gigabytes (1e9 bytes)."""
    size = 8 * targets * n / 1e9
    if size > limit:
        raise ValueError(
            f"influence.targets asks for a matrix of {targets} x {n} influences, {size:.3g} GB, and "
            f"influence.matrix_gb allows {limit:g}; list fewer points in influence.targets, or raise "
            "influence.matrix_gb (topk.h5 gives each point's most helpful and harmful points without the matrix)"
        )
