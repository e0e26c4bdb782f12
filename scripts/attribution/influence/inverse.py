"""The damped inverse Hessian that the cached files describe, as one function on vectors."""

import functools
from pathlib import Path

import numpy as np

from attribution.files import hdf5
from attribution.files.results.gradients import DECAY, FEATURES_TRAIN, LOGITS_TRAIN
from attribution.files.results.hessian import CHOLESKY, HESSIAN
from attribution.influence.points import Solve
from attribution.numerics import hessian, solvers
from attribution.training import class_weights


def cache_of_factor(matrix: np.ndarray, damping: dict, trace: float) -> tuple[dict, dict]:
    """What hessian.h5 holds for the exact solver.

    Args:
        matrix: (k, k) mean Hessian, decay included, undamped. damping: `mode`, `value`.
        trace: the sum of eigenvalues that `relative` and `floor` are measured against.

    Returns:
        arrays (hessian, cholesky) and attributes (solver, damping, k, trace, smallest_eigenvalue).

    Raises:
        ValueError: when the damped Hessian is not positive definite.
    """
    k = len(matrix)
    # a full decomposition of a large matrix takes minutes, and only `floor` needs its result before the factor
    early = k < hessian.LARGE or damping["mode"] == "floor"
    smallest = hessian.smallest_eigenvalue(matrix) if early else 0.0
    added = hessian.damping_value(damping["mode"], damping["value"], trace, k, smallest)
    lower = hessian.factor(matrix, added)
    if not early:
        smallest = hessian.smallest_from_factor(lower, added)
    arrays = {HESSIAN: matrix, CHOLESKY: lower}
    facts = {"solver": "exact", "damping": added, "k": k, "trace": trace, "smallest_eigenvalue": smallest}
    return arrays, facts


def from_factor(path: Path) -> Solve:
    """(k, b) -> (k, b) by the Cholesky factor in hessian.h5, read at the first call: a stage can predict its memory."""

    @functools.cache
    def lower() -> np.ndarray:
        return hdf5.read(path, CHOLESKY)[0]

    return lambda b: solvers.exact(lower(), b)


def last_layer_cg(gradients: Path, damping: float, tolerance: float, max_iterations: int) -> Solve:
    """(k, b) -> (k, b) by conjugate gradients with the closed-form products of the last layer.

    Args:
        gradients: gradients.h5. damping: added to the diagonal. tolerance, max_iterations: see `solvers`.
    """
    features, logits, decay = hdf5.read(gradients, FEATURES_TRAIN, LOGITS_TRAIN, DECAY)
    layer = (features, logits, decay, damping, class_weights.stored(gradients))
    product = solvers.last_layer_product(*layer)
    preconditioner = solvers.block_inverse(hessian.block_preconditioner(*layer))
    return lambda b: solvers.recorded(
        solvers.conjugate_gradients(product, b, preconditioner, tolerance, max_iterations)
    )
