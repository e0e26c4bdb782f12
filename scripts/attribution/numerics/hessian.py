"""Closed-form last-layer Hessian, its damping and its Cholesky factor, in float64.

Parameters are flattened as W.ravel() of the (D, C) matrix: entry (a, c) stands at a * C + c.
"""

import numpy as np
from scipy.linalg import blas, cho_solve, cholesky, eigh, eigvalsh, lapack
from scipy.sparse.linalg import LinearOperator, eigsh

from attribution.numerics.residuals import probabilities
from attribution.runtime import log

# Bytes of features a step, for one logit column.
CHUNK_BYTES = 64 << 20
# Samples a step, for more: the products of one step then stay in the processor's cache.
CHUNK_ROWS = 512
# Features a step on the side that is scaled: enough rows for full BLAS speed, little of the lower triangle in vain.
CHUNK_FEATURES = 8
# Size from which the smallest eigenvalue is found with the factor instead of a full decomposition.
LARGE = 1000
# Curvature below which the inverse overflows.
ZERO = 1e-290


def hessian_sum(
    features, logits: np.ndarray, chunk_rows: int | None = None, label: str | None = None,
    weights: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Sum over samples of (diag(p) - p p^T) (x) h h^T, the cross-entropy's Hessian in the last layer.

    The block of classes c, e is -sum p_c p_e h h^T and symmetric by itself, and the diagonal blocks are minus the sums
    over their rows: C (C - 1) / 2 half Gram matrices hold everything, and no 1 - p is ever formed.

    Args:
        features: (n, D) extended features, an array or an HDF5 data set, which is read in blocks of rows.
        logits: (n, C).
        chunk_rows: samples a step; does not change the result beyond rounding.
        label: names the work in lines of progress; none without it.
        weights: (n,) of the samples in the sum; None for 1.

    Returns:
        (D C, D C) float64, symmetric. Cost: about n D^2 C (C - 1) / 2 flops (C > 1) or n D^2.
        Memory: the result and half as much again.
    """
    n, d = features.shape
    c = logits.shape[1]
    rows = chunk_rows or (CHUNK_ROWS if c > 1 else max(1, CHUNK_BYTES // (8 * d)))
    starts = range(0, n, rows)
    if label:
        starts = log.progress(starts, label)
    if c == 1:
        total = np.zeros((d, d), order="F")
        for start in starts:
            h = np.asarray(features[start : start + rows], dtype=np.float64)
            p = probabilities(logits[start : start + rows])
            z = h * np.sqrt(p * (1 - p) * _column(weights, start, rows))
            # the transpose of a C-ordered array is Fortran-ordered: dsyrk then copies nothing
            total = blas.dsyrk(1.0, z.T, beta=1.0, c=total, trans=0, lower=1, overwrite_c=1)
        lower = np.tril(total)
        return lower + np.tril(lower, -1).T
    first, second = np.triu_indices(c, 1)
    pairs = len(first)
    # upper triangles only
    gram = np.zeros((d, pairs, d))
    for start in starts:
        h = np.asarray(features[start : start + rows], dtype=np.float64)
        # samples last, so that inner loops are long
        p, h_t = np.ascontiguousarray(probabilities(logits[start : start + rows]).T), np.ascontiguousarray(h.T)
        products = p[first] * p[second] * _column(weights, start, rows).T
        for a in range(0, d, CHUNK_FEATURES):
            scaled = h_t[a : a + CHUNK_FEATURES, None] * products
            block = scaled.reshape(-1, len(h)) @ h[:, a:]
            gram[a : a + CHUNK_FEATURES, :, a:] += block.reshape(-1, pairs, d - a)
    full = np.zeros((d, c, d, c))
    for j, (one, other) in enumerate(zip(first, second, strict=True)):
        upper = np.triu(gram[:, j])
        block = upper + np.triu(upper, 1).T
        full[:, one, :, other] = full[:, other, :, one] = -block
        full[:, one, :, one] += block
        full[:, other, :, other] += block
    return full.reshape(d * c, d * c)


def _column(weights: np.ndarray | None, start: int, rows: int) -> np.ndarray:
    """(rows, 1) weights of samples, or (1, 1) of 1."""
    return np.ones((1, 1)) if weights is None else np.asarray(weights)[start : start + rows, None]


def trace_closed_form(features, logits: np.ndarray, rows: int = 16384, weights: np.ndarray | None = None) -> float:
    """Trace of the mean Hessian without forming it: mean of w ||h||^2 sum_c p_c (1 - p_c).

    Args:
        features: (n, D), an array or an HDF5 data set. logits: (n, C). rows: read at a time. weights: (n,) w; None for
            1.
    """
    weight = np.empty(len(logits))
    for start in range(0, len(logits), rows):
        part = slice(start, start + rows)
        p, h = probabilities(logits[part]), np.asarray(features[part], dtype=np.float64)
        weight[part] = (h**2).sum(axis=1) * (p * (1 - p)).sum(axis=1) * _column(weights, start, rows)[:, 0]
    return float(np.mean(weight))


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


def smallest_from_factor(lower: np.ndarray, damping: float) -> float:
    """The smallest eigenvalue of L L^T - damping I, by Lanczos iterations with the inverse.

    Args:
        lower: (k, k) Cholesky factor. damping: what was added to the diagonal.

    Returns:
        the eigenvalue, to 1e-6 times the distance from -damping. No copy of the matrix is made.
    """
    k = len(lower)
    start = np.random.default_rng(0).normal(size=k)
    inverse = LinearOperator((k, k), lambda v: cho_solve((lower.T, False), v, check_finite=False), dtype=np.float64)
    largest = eigsh(inverse, 1, which="LA", v0=start, tol=1e-6, return_eigenvectors=False)[0]
    return float(1 / largest - damping)


def refuse_zero(largest: float) -> None:
    """Raise ValueError when the largest entry of the damped Hessian's diagonal is zero to rounding."""
    if largest < ZERO:
        raise ValueError(
            f"the damped Hessian is zero (its largest entry is {largest:.3g}): the network predicts every training "
            "point with a probability that rounds to 0 or 1, so the loss has no curvature and influence is not "
            "defined; train it with a penalty or for fewer epochs, or give a network that is less certain"
        )


def factor(hessian: np.ndarray, damping: float) -> np.ndarray:
    """Lower Cholesky factor of hessian + damping I, (k, k) in C order. Memory: the result alone.

    Raises:
        ValueError: when that is zero, or not positive definite; the sentence then gives the smallest eigenvalue and the
            damping that would do.
    """
    k = len(hessian)
    damped = np.array(hessian, dtype=np.float64, order="C")
    damped[np.diag_indices(k)] += damping
    if not np.isfinite(damped).all():
        raise ValueError("the Hessian holds NaN or infinite values; look at the training history, the loss diverged")
    largest = np.abs(np.diag(damped)).max()
    refuse_zero(largest)
    # in C order the upper factor of the transpose is the lower factor, without a copy
    upper, info = lapack.dpotrf(damped.T, lower=0, clean=1, overwrite_a=1)
    # pivots at rounding level mean a factor of noise, which LAPACK does not refuse
    if info == 0 and np.diag(upper).min() ** 2 > k * np.finfo(float).eps * largest / 10:
        return upper.T
    smallest = smallest_eigenvalue(hessian)
    needed = max(0.0, -smallest) + 1e-6 * max(abs(np.trace(hessian)) / k, np.finfo(float).tiny)
    raise ValueError(
        f"hessian + {damping:.3g} I is not positive definite: the smallest eigenvalue is {smallest:.3g}; "
        f"set damping to an absolute value of {needed:.3g} or more"
    )


def block_preconditioner(
    features: np.ndarray, logits: np.ndarray, decay: np.ndarray, damping: float, weights: np.ndarray | None = None
):
    """Cholesky factors of the C diagonal blocks of the damped mean Hessian, for conjugate gradients.

    Returns:
        list of C lower factors (D, D) of mean_i w p_c (1 - p_c) h h^T + decay + damping, w the weights (n,) or 1.
    """
    p = probabilities(logits)
    n, d = features.shape
    decay = decay.reshape(d, p.shape[1])
    blocks = []
    for c in range(p.shape[1]):
        curved = p[:, c] * (1 - p[:, c]) / n * _column(weights, 0, n)[:, 0]
        block = (features * curved[:, None]).T @ features
        blocks.append(cholesky(block + np.diag(decay[:, c] + damping), lower=True))
    return blocks
