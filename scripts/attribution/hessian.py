"""Closed-form last-layer Hessian, its damping and its Cholesky factor, in float64.

Parameters are flattened as W.ravel() of the (D, C) matrix: entry (a, c) stands at a * C + c.
"""

import numpy as np
from scipy.linalg import blas, cholesky, eigh, eigvalsh, lapack

from attribution.residuals import probabilities

# Bytes of the scaled-feature chunk: large enough for full BLAS speed, small beside the Hessian of any usable k.
CHUNK_BYTES = 64 << 20


def hessian_sum(features: np.ndarray, logits: np.ndarray, chunk_rows: int | None = None) -> np.ndarray:
    """Sum over samples of (diag(p) - p p^T) (x) h h^T, the cross-entropy's Hessian in the last layer.

    For one logit column the middle factor is p (1 - p).

    Args:
        features: (n, D) extended features.
        logits: (n, C).
        chunk_rows: samples a step; does not change the result beyond rounding.

    Returns:
        (D C, D C) float64, symmetric. Cost: n (D C)^2 flops (C > 1, one symmetric rank-k update) or n D^2.
    """
    features = np.asarray(features, dtype=np.float64)
    n, d = features.shape
    p = probabilities(logits)
    c = p.shape[1]
    k = d * c
    rows = chunk_rows or max(1, CHUNK_BYTES // (8 * k))
    total = np.zeros((k, k), order="F")
    blocks = np.zeros((c, d, d))
    for start in range(0, n, rows):
        h, q = features[start : start + rows], p[start : start + rows]
        if c == 1:
            z = h * np.sqrt(q * (1 - q))
        else:
            # p_c h_a scaled once: both the diagonal blocks and the rank-one part are Gram matrices of it
            z = (q[:, :, None] * h[:, None, :]).reshape(len(h), k)
            for j in range(c):
                blocks[j] += h.T @ z[:, j * d : (j + 1) * d]
        # the transpose of a C-ordered array is Fortran-ordered: dsyrk then copies nothing
        total = blas.dsyrk(1.0 if c == 1 else -1.0, z.T, beta=1.0, c=total, trans=0, lower=1, overwrite_c=1)
    lower = np.tril(total)
    full = lower + np.tril(lower, -1).T
    if c == 1:
        return full
    full = full.reshape(c, d, c, d)
    for j in range(c):
        full[j, :, j, :] += (blocks[j] + blocks[j].T) / 2
    return np.ascontiguousarray(full.transpose(1, 0, 3, 2)).reshape(k, k)


def trace_closed_form(features: np.ndarray, logits: np.ndarray) -> float:
    """Trace of the mean Hessian without forming it: mean of ||h||^2 sum_c p_c (1 - p_c)."""
    p = probabilities(logits)
    return float(np.mean((features**2).sum(axis=1) * (p * (1 - p)).sum(axis=1)))


def damping_value(mode: str, value: float, trace: float, k: int, smallest: float) -> float:
    """The number added to the diagonal.

    Args:
        mode: `absolute` (value itself), `relative` (value times the mean eigenvalue trace / k) or
            `floor` (the least that lifts the smallest eigenvalue to value * trace / k: for indefinite Hessians).
        value: non-negative. trace: of the undamped Hessian. k: its size. smallest: its smallest eigenvalue.
    """
    if mode == "absolute":
        return float(value)
    if mode == "relative":
        return float(value * trace / k)
    if mode == "floor":
        return float(max(0.0, value * trace / k - smallest))
    raise ValueError(f"damping mode is '{mode}'; allowed are absolute, relative and floor")


def smallest_eigenvalue(hessian: np.ndarray) -> float:
    """The smallest eigenvalue of a symmetric (k, k) matrix."""
    if len(hessian) <= 200:
        return float(eigvalsh(hessian)[0])
    return float(eigh(hessian, eigvals_only=True, subset_by_index=[0, 0])[0])


def factor(hessian: np.ndarray, damping: float) -> np.ndarray:
    """Lower Cholesky factor of hessian + damping I.

    Raises:
        ValueError: when that is not positive definite; the sentence gives the smallest eigenvalue and the
            damping that would do.
    """
    damped = hessian + damping * np.eye(len(hessian))
    if not np.isfinite(damped).all():
        raise ValueError("the Hessian holds NaN or infinite values; look at the training history, the loss diverged")
    lower, info = lapack.dpotrf(damped, lower=1, clean=1)
    # pivots at rounding level mean a factor of noise, which LAPACK does not refuse
    if (
        info == 0
        and np.diag(lower).min() ** 2 > len(hessian) * np.finfo(float).eps * np.abs(np.diag(damped)).max() / 10
    ):
        return np.ascontiguousarray(lower)
    smallest = smallest_eigenvalue(hessian)
    needed = max(0.0, -smallest) + 1e-6 * max(abs(np.trace(hessian)) / len(hessian), np.finfo(float).tiny)
    raise ValueError(
        f"hessian + {damping:.3g} I is not positive definite: the smallest eigenvalue is {smallest:.3g}; "
        f"set damping to an absolute value of {needed:.3g} or more"
    )


def block_preconditioner(features: np.ndarray, logits: np.ndarray, decay: np.ndarray, damping: float):
    """Cholesky factors of the C diagonal blocks of the damped mean Hessian, for conjugate gradients.

    Returns:
        list of C lower factors (D, D) of mean_i p_c (1 - p_c) h h^T + decay + damping.
    """
    p = probabilities(logits)
    n, d = features.shape
    decay = decay.reshape(d, p.shape[1])
    blocks = []
    for c in range(p.shape[1]):
        block = (features * (p[:, c] * (1 - p[:, c]) / n)[:, None]).T @ features
        blocks.append(cholesky(block + np.diag(decay[:, c] + damping), lower=True))
    return blocks
