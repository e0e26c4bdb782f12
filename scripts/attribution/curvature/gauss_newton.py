"""Influence with the Gauss-Newton matrix of all layers, solved by what costs less: the kernel, or conjugate gradients.

Influence on a target is v^T (G + decay + damping)^-1 g_i / n, v the target's gradient (Koh and Liang 2017 with G for
the Hessian, Schraudolph 2002). Conjugate gradients start at K-FAC's answer and are preconditioned by it, as in
Wang et al. 2025 (ASTRA), but exactly: all samples in every step, all targets at once.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from attribution.curvature import dual, gradients, kronecker, seeds
from attribution.curvature.network import Network, decay, kept_blocks
from attribution.curvature.network import logits as logits_of
from attribution.numerics import solvers

# bytes of the kernel, up to which it is formed
KERNEL_BYTES = 2 << 30
FORMS = ("kernel", "conjugate gradients")


class Answer(NamedTuple):
    """`scores` (b, n); `form`, one of FORMS; `residuals` (steps + 1, b) relative residual norms, of no steps for a
    kernel."""

    scores: np.ndarray
    form: str
    residuals: np.ndarray


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


def influence(
    network: Network, x: np.ndarray, y: np.ndarray, vectors: np.ndarray, damping: float, steps: int,
    tolerance: float, form: str | None = None, batch: int | None = None,
) -> Answer:  # fmt: skip
    """Scores of all training points for many targets.

    Args:
        x: (n, ...). y: (n,). vectors: (b, k) gradients of what a helpful point lowers. damping: added to the diagonal.
        steps, tolerance: of conjugate gradients: a target stops at this relative residual, all stop after the steps.
        form: one of FORMS; `cheaper` chooses without it. batch: see `network.blocks`.

    Raises:
        ValueError: as `kronecker.inverse`.
    """
    n, logits = len(x), logits_of(network, x)
    passes = kept_blocks(network, x, seeds.roots(logits), batch)
    u = seeds.weights_of_residuals(logits, y)
    form = form or cheaper(network, n, len(vectors), steps)
    if form == FORMS[0]:
        found = dual.scores(network, passes, n, damping, vectors, u)
        return Answer(found, form, np.zeros((0, len(vectors))))
    solved = solve(network, passes, n, vectors, damping, steps, tolerance)
    moved = gradients.along(network, passes(), solved.x.T, n, network.classes)
    return Answer(np.einsum("cnb,nc->bn", moved, u) / n, form, solved.history)


def solve(
    network: Network, passes: Callable, n: int, vectors: np.ndarray, damping: float, steps: int, tolerance: float
) -> solvers.Solution:
    """Conjugate gradients from K-FAC's answer; `x` of the result is (k, b).

    Args: as in `influence` and `product`.
    """
    apply = kronecker.inverse(network, kronecker.factors(network, passes(), n), damping)
    multiply = product(network, passes, n, damping)
    return solvers.conjugate_gradients(
        lambda v: multiply(v.T).T, vectors.T, lambda v: apply(v.T).T, tolerance, steps, start=apply(vectors).T,
        strict=False,
    )  # fmt: skip
