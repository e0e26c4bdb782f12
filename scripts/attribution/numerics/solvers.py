"""Solve (H + damping I) X = B: exactly with the cached factor, or by conjugate gradients on products with H."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_solve, solve_triangular

from attribution.numerics.residuals import probabilities


class Solution(NamedTuple):
    """`x` (k, b) solutions; `residual` (b,) relative residual norms; `iterations` (b,) used by each column; `history`
    (steps + 1, b) relative residual norms at the start and after every step, by the recurrence."""

    x: np.ndarray
    residual: np.ndarray
    iterations: np.ndarray
    history: np.ndarray


def exact(lower: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(k, b) solution from a lower Cholesky factor."""
    # LAPACK reads Fortran order: the transpose of a factor in C order spares a copy of it at every call
    ordered = (lower.T, False) if lower.flags.c_contiguous else (lower, True)
    return cho_solve(ordered, b, check_finite=False)


def whiten(lower: np.ndarray, b: np.ndarray) -> np.ndarray:
    """L^-1 b: the inner product of two whitened vectors is their influence."""
    return solve_triangular(lower, b, lower=True, check_finite=False)


def conjugate_gradients(
    product: Callable, b: np.ndarray, preconditioner: Callable, tolerance: float, max_iterations: int,
    start: np.ndarray | None = None, strict: bool = True,
) -> Solution:  # fmt: skip
    """Preconditioned conjugate gradients, all right-hand sides at once (Saad 2003, algorithm 9.1).

    Args:
        product: (k, b) -> (k, b), multiplication with a symmetric positive definite matrix.
        b: (k, b) right-hand sides.
        preconditioner: (k, b) -> (k, b), an approximate inverse.
        tolerance: stop a column at ||b - A x|| <= tolerance ||b||.
        max_iterations: for every column.
        start: (k, b) first solutions, zeros without it.
        strict: whether a column that has not converged is refused, or given as it is.

    Raises:
        ValueError: on negative curvature (the matrix is not positive definite), or when a column has not
            converged; the sentence names the residual and the number of iterations.
    """
    x = np.zeros_like(b) if start is None else start.copy()
    r = b.copy() if start is None else b - product(x)
    norm_b = np.linalg.norm(b, axis=0)
    norm_b = np.where(norm_b > 0, norm_b, 1.0)
    iterations = np.zeros(b.shape[1], dtype=np.int64)
    history = [np.linalg.norm(r, axis=0) / norm_b]
    active = np.flatnonzero(np.linalg.norm(r, axis=0) > tolerance * norm_b)
    z = preconditioner(r[:, active])
    p = z.copy()
    rz = np.einsum("ij,ij->j", r[:, active], z)
    for _ in range(max_iterations):
        if not active.size:
            break
        q = product(p)
        curvature = np.einsum("ij,ij->j", p, q)
        if (curvature <= 0).any():
            raise ValueError(
                f"conjugate gradients met curvature {curvature.min():.3g}: the damped Hessian is indefinite; "
                "use damping mode 'floor' or a larger damping"
            )
        step = rz / curvature
        x[:, active] += step * p
        r[:, active] -= step * q
        iterations[active] += 1
        size = np.linalg.norm(r[:, active], axis=0)
        history.append(history[-1].copy())
        history[-1][active] = size / norm_b[active]
        going = size > tolerance * norm_b[active]
        active, p, rz = active[going], p[:, going], rz[going]
        z = preconditioner(r[:, active])
        rz_new = np.einsum("ij,ij->j", r[:, active], z)
        p = z + (rz_new / rz) * p
        rz = rz_new
    # the recurrence drifts from the true residual, so that is what is recorded
    residual = np.linalg.norm(b - product(x), axis=0) / norm_b
    if strict and (residual > 10 * tolerance).any():
        raise ValueError(
            f"conjugate gradients stopped at relative residual {residual.max():.3g} after {max_iterations} iterations, "
            f"wanted {tolerance:.3g}; raise influence.cg.max_iterations or influence.damping"
        )
    return Solution(x, residual, iterations, np.array(history))


def recorded(solution: Solution) -> np.ndarray:
    """(k, b) the solutions; prints, so that the job's log records it, how exact they are and what they took."""
    print(
        f"conjugate gradients: {solution.x.shape[1]} right-hand sides, at most {solution.iterations.max(initial=0)} "
        f"iterations, largest relative residual {solution.residual.max(initial=0.0):.2e}",
        flush=True,
    )
    return solution.x


def last_layer_product(
    features: np.ndarray, logits: np.ndarray, decay: np.ndarray, damping: float, weights: np.ndarray | None = None
) -> Callable:
    """Product with the damped mean last-layer Hessian by two GEMMs on the factors; weights (n,) of the samples, or 1.

    Returns:
        function (k, b) -> (k, b); with T = h^T mat(v), H v = mean_i h (x) (p * T - p (p . T)).
    """
    p = probabilities(logits)
    n, d = features.shape
    c = p.shape[1]

    def product(v: np.ndarray) -> np.ndarray:
        moved = (features @ v.reshape(d, c * v.shape[1])).reshape(n, c, v.shape[1])
        weighted = p[:, :, None] * moved
        if c == 1:
            weighted *= (1 - p)[:, :, None]
        else:
            weighted -= p[:, :, None] * weighted.sum(axis=1, keepdims=True)
        if weights is not None:
            weighted *= weights[:, None, None]
        data = (features.T @ weighted.reshape(n, -1)).reshape(d * c, v.shape[1]) / n
        return data + (decay + damping)[:, None] * v

    return product


def block_inverse(blocks: list[np.ndarray]) -> Callable:
    """Application of the inverse of a block-diagonal matrix given by its C Cholesky factors (D, D)."""
    c, d = len(blocks), len(blocks[0])

    def apply(r: np.ndarray) -> np.ndarray:
        parts = r.reshape(d, c, r.shape[1])
        return np.stack([exact(blocks[j], parts[:, j]) for j in range(c)], axis=1).reshape(r.shape)

    return apply
