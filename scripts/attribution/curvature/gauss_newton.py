"""Influence with the Gauss-Newton matrix of all layers, solved by what costs less: the kernel, or conjugate gradients.

Influence on a target is v^T (G + decay + damping)^-1 g_i / n, v the target's gradient (Koh and Liang 2017 with G for
the Hessian, Schraudolph 2002). Conjugate gradients start at K-FAC's answer and are preconditioned by it, as in
Wang et al. 2025 (ASTRA), but exactly: all samples in every step, all targets at once.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from attribution.curvature import dual, gradients, kronecker, seeds
from attribution.curvature.network import Network, decay
from attribution.numerics import solvers

# bytes of the kernel, up to which it is formed
KERNEL_BYTES = 2 << 30
FORMS = ("kernel", "conjugate gradients")


class Answer(NamedTuple):
    """`scores` (b, n); `residuals` (steps + 1, b) relative residual norms, of no steps for a kernel."""

    scores: np.ndarray
    residuals: np.ndarray


class Inverse(NamedTuple):
    """What solutions are made from: `passes` () -> blocks of the training points along `seeds.roots` of their `logits`
    (n, C), labels `y` (n,), `form` one of FORMS, `factors` of the preconditioner, one of `kronecker.FORMS`, `weights`
    (n,) of the points in the objective, which `passes` have too; None for 1."""

    network: Network
    passes: Callable
    logits: np.ndarray
    y: np.ndarray
    form: str
    factors: str = "plain"
    weights: np.ndarray | None = None


def product(network: Network, passes: Callable, n: int, damping: float) -> Callable:
    """(b, k) -> (b, k), multiplication with G + decay + damping.

    Args:
        passes: () -> blocks of the n samples along `seeds.roots`.
    """
    diagonal = decay(network) + damping
    return lambda vectors: gradients.product(network, passes(), vectors) / n + vectors * diagonal


def cheaper(network: Network, n: int, b: int, steps: int) -> str:
    """The form that takes fewer multiplications, the kernel only where KERNEL_BYTES hold it.

    Args:
        n: samples. b: targets. steps: of conjugate gradients.
    """
    rows = n * network.classes
    if 8 * rows**2 > KERNEL_BYTES:
        return FORMS[1]
    one = sum(part.columns + part.rows / network.classes if part.positions == 1 else part.rows * part.columns
              for part in network.parts)  # fmt: skip
    kernel = rows**2 * (one / 2 + rows / 6 + b)
    each = sum(min(part.positions, network.classes) * part.rows * part.columns for part in network.parts)
    return FORMS[0] if kernel <= 2 * (steps + 1) * n * each * b else FORMS[1]


def influence(inverse: Inverse, vectors: np.ndarray, damping: float, steps: int, tolerance: float) -> Answer:
    """Scores of all training points for many targets.

    Args:
        vectors: (b, k) gradients of what a helpful point lowers. damping: added to the diagonal.
        steps, tolerance: of conjugate gradients: a target stops at this relative residual, all stop after the steps.

    Raises:
        ValueError: as `kronecker.inverse`.
    """
    network, n = inverse.network, len(inverse.y)
    u = seeds.weights_of_residuals(inverse.logits, inverse.y, inverse.weights)
    if inverse.form == FORMS[0]:
        found = dual.scores(network, inverse.passes, n, damping, vectors, u)
        return Answer(found, np.zeros((0, len(vectors))))
    solved = solve(inverse, vectors, damping, steps, tolerance)
    moved = gradients.along(network, inverse.passes(), solved.x.T, n, network.classes)
    return Answer(np.einsum("cnb,nc->bn", moved, u) / n, solved.history)


def solve(inverse: Inverse, vectors: np.ndarray, damping: float, steps: int, tolerance: float) -> solvers.Solution:
    """Conjugate gradients from K-FAC's answer, as in `influence`; `x` of the result is (k, b)."""
    network, n = inverse.network, len(inverse.y)
    found = kronecker.factors(network, inverse.passes(), n, inverse.factors, inverse.weights)
    apply = kronecker.inverse(network, found, damping)
    multiply = product(network, inverse.passes, n, damping)
    return solvers.conjugate_gradients(
        lambda v: multiply(v.T).T, vectors.T, lambda v: apply(v.T).T, tolerance, steps, start=apply(vectors).T,
        strict=False,
    )  # fmt: skip
