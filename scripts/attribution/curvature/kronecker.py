"""K-FAC: each layer's block of the Gauss-Newton matrix as one Kronecker product, and its damped inverse.

G = (1/n) sum_i J_i^T (diag p_i - p_i p_i^T) J_i (Martens and Grosse 2015, section 2). A layer's block is approximated
by A (x) B, A the mean of its inputs' outer products and B that of its derivatives', which sums over the C columns of
`seeds.roots`: the expectation over labels is exact. For Conv2D this is KFC (Grosse and Martens 2016, theorem 1): inputs
and derivatives are independent, derivatives at different positions uncorrelated, and both the same at every position;
A is the sum over positions, B the mean. Covariances between layers are left out.

`weighted` factors are those of TKFAC (Gao et al. 2021, AAAI, section 4): outer products of inputs count by the squared
length of their derivatives, those of derivatives by that of their inputs, and the product's trace is the block's own,
positions apart. Where few samples are uncertain they see those samples' inputs, and plain ones see everybody's.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from attribution.curvature.network import Block, Network, Part

FORMS = ("plain", "weighted")


class Factors(NamedTuple):
    """Of one layer, float64: `a` (I, I), `b` (O, O)."""

    a: np.ndarray
    b: np.ndarray


def factors(
    network: Network, passes: Iterable[Block], n: int, form: str = "plain", weights: np.ndarray | None = None
) -> list[Factors]:
    """Factors of every layer.

    Args:
        passes: blocks of the n samples along `seeds.roots`. form: one of FORMS. weights: (n,) of the samples in the
            objective, which `passes` have too; A is then the weighted mean.
    """
    found = [Factors(np.zeros((part.rows,) * 2), np.zeros((part.columns,) * 2)) for part in network.parts]
    for block in passes:
        for part, pair, a, e in zip(network.parts, found, block.a, block.e, strict=True):
            if form == "weighted":
                _add_weighted(pair, a.reshape(-1, part.rows), e.reshape(len(e), -1, part.columns), n)
                continue
            seen = a
            if weights is not None:
                seen = a * np.sqrt(weights[block.rows] * (n / weights.sum()))[:, None, None]
            _add_plain(pair, seen.reshape(-1, part.rows), e.reshape(len(e), -1, part.columns), n)
    if form == "weighted":
        # both have the block's trace
        return [Factors(pair.a, pair.b / max(np.trace(pair.b), np.finfo(float).tiny)) for pair in found]
    return [Factors(pair.a, pair.b / part.positions) for part, pair in zip(network.parts, found, strict=True)]


def _add_plain(pair: Factors, a: np.ndarray, e: np.ndarray, n: int) -> None:
    """Add a batch; a (s * P, I), e (J, s * P, O)."""
    flat = e.reshape(-1, e.shape[2])
    pair.a[...] += a.T @ a / n
    pair.b[...] += flat.T @ flat / n


def _add_weighted(pair: Factors, a: np.ndarray, e: np.ndarray, n: int) -> None:
    inputs = a * np.sqrt(np.square(e).sum(axis=(0, 2)))[:, None]
    upstream = (e * np.sqrt(np.square(a).sum(axis=1))[:, None]).reshape(-1, e.shape[2])
    pair.a[...] += inputs.T @ inputs / n
    pair.b[...] += upstream.T @ upstream / n


def inverse(network: Network, found: list[Factors], damping: float) -> Callable:
    """(b, k) -> (b, k), the inverse of A (x) B + (decay + damping) in every layer, exactly.

    Decay stands on a layer's rows, so with M = diag(decay + damping) and A U = M U diag(w), U^T M U = I, the inverse
    is U (x) Q times 1 / (w b + 1), b and Q from B.

    Raises:
        ValueError: when decay and damping are zero together.
    """
    layers = [_layer_inverse(part, pair, damping) for part, pair in zip(network.parts, found, strict=True)]

    def apply(vectors: np.ndarray) -> np.ndarray:
        result = np.empty_like(vectors)
        for part, one in zip(network.parts, layers, strict=True):
            shaped = vectors[:, part.start : part.stop].reshape(len(vectors), part.rows, part.columns)
            result[:, part.start : part.stop] = one(shaped).reshape(len(vectors), part.stop - part.start)
        return result

    return apply


def _layer_inverse(part: Part, pair: Factors, damping: float) -> Callable:
    diagonal = part.decay + damping
    if not (diagonal > 0).all():
        raise ValueError(
            f"layer '{part.name}' has a damping of {damping:.3g} and parameters without a penalty, so its curvature "
            "may have no inverse; set curvature.damping to more than 0"
        )
    root = 1 / np.sqrt(diagonal)
    w, u = eigh(root[:, None] * pair.a * root)
    u, w = root[:, None] * u, np.maximum(w, 0)
    b, q = eigh(pair.b)
    divided = 1 / (w[:, None] * np.maximum(b, 0) + 1)
    return lambda v: u @ ((u.T @ v @ q) * divided) @ q.T
