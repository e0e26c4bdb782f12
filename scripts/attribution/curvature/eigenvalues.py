"""EK-FAC: K-FAC's eigenvectors with the eigenvalues that belong to them (George et al. 2018, section 3.1), unsampled.

The eigenvalue of eigenvectors j of A and c of B is the mean over samples of the sum over the C columns of
`seeds.roots` of the squared gradient in that direction: the exact diagonal of the Gauss-Newton matrix in K-FAC's basis.
For a softmax layer it is mean_i (Q_A^T x_i)_j^2 [sum_a p_a Q_ac^2 - (sum_a p_a Q_ac)^2].
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from attribution.curvature.kronecker import Factors
from attribution.curvature.network import Block, Network


class Basis(NamedTuple):
    """Of one layer, orthonormal columns: `a` (I, I), `b` (O, O)."""

    a: np.ndarray
    b: np.ndarray


def basis(found: list[Factors]) -> list[Basis]:
    """Eigenvectors of every layer's factors."""
    return [Basis(eigh(pair.a)[1], eigh(pair.b)[1]) for pair in found]


def eigenvalues(network: Network, passes: Iterable[Block], turned: list[Basis], n: int) -> list[np.ndarray]:
    """(I, O) float64 for every layer, decay not in them.

    Args:
        passes: blocks of the n samples along `seeds.roots`.
    """
    result = [np.zeros((part.rows, part.columns)) for part in network.parts]
    for block in passes:
        for total, one, a, e in zip(result, turned, block.a, block.e, strict=True):
            total += squares(a @ one.a.astype(a.dtype), e @ one.b.astype(e.dtype)) / n
    return result


def squares(a: np.ndarray, e: np.ndarray) -> np.ndarray:
    """(I, O) sum over samples and seeds of the squared per-sample gradient; a (s, P, I), e (J, s, P, O)."""
    if a.shape[1] == 1:
        return np.square(a[:, 0]).T @ np.square(e[:, :, 0]).sum(axis=0)
    turned = a.swapaxes(1, 2)
    return sum(np.square(np.matmul(turned, one)).sum(axis=0) for one in e).astype(np.float64)


def diagonal(network: Network, turned: list[Basis], damping: float, scales: list | None = None) -> list[np.ndarray]:
    """(I, O) for every layer: the diagonal, in the basis, of the penalties' second derivative and the damping.

    Args:
        scales: see `metric.Scale`; the coordinates of the basis, the parameters' own without it.
    """
    result = []
    for position, (part, one) in enumerate(zip(network.parts, turned, strict=True)):
        rows, columns = part.decay + damping, np.ones(part.columns)
        if scales is not None:
            rows, columns = rows * scales[position].rows ** 2, scales[position].columns ** 2
        result.append(np.outer(np.square(one.a).T @ rows, np.square(one.b).T @ columns))
    return result


def function(network: Network, turned: list[Basis], values: list[np.ndarray]) -> Callable:
    """(b, k) -> (b, k), multiplication with the matrix whose eigenvalues in the basis are `values` (I, O) a layer."""

    def apply(vectors: np.ndarray) -> np.ndarray:
        result = np.empty_like(vectors)
        for part, one, value in zip(network.parts, turned, values, strict=True):
            shaped = vectors[:, part.start : part.stop].reshape(len(vectors), part.rows, part.columns)
            moved = one.a @ ((one.a.T @ shaped @ one.b) * value) @ one.b.T
            result[:, part.start : part.stop] = moved.reshape(len(vectors), part.stop - part.start)
        return result

    return apply


def inverse(network: Network, turned: list[Basis], values: list[np.ndarray], damping: float) -> Callable:
    """(b, k) -> (b, k), the inverse with decay and damping added to the eigenvalues.

    Raises:
        ValueError: when an eigenvalue is zero with both.
    """
    damped = [value + own for value, own in zip(values, diagonal(network, turned, damping), strict=True)]
    for part, value in zip(network.parts, damped, strict=True):
        if not (value > 0).all():
            raise ValueError(
                f"layer '{part.name}' has an eigenvalue of {value.min():.3g} with a damping of {damping:.3g}; set "
                "curvature.damping to more"
            )
    return function(network, turned, [1 / value for value in damped])
