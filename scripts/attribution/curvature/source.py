"""SOURCE: influence along the training's path, in a few segments of constant curvature (Bae et al. 2024, section 3).

The derivative of the parameters in a point's weight is unrolled backwards through the segments l = L ... 1, each with
mean curvature H_l and the sum t_l of its steps' sizes (equations 13 to 17):

    score = sum_l v_l^T r_l(g), r_l(g) = (1 - exp(-t_l H_l)) H_l^-1 g_l / n, v_(l-1) = exp(-t_l H_l) v_l, v_L = v.

H_l is the Gauss-Newton matrix with the penalties and a damping, averaged over the segment's checkpoints, and g_l the
mean of a point's gradients there. Its functions are taken in EK-FAC's eigenvectors, and of small networks in its own. A
momentum of m makes steps 1 / (1 - m) times as long. For Adam the same holds in the coordinates of `metric`, with the
learning rate as the step.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from attribution.curvature import eigenvalues, exact, gradients, kronecker, metric, seeds
from attribution.curvature.network import KEPT_BYTES, Network, at, blocks, decay, kept_blocks
from attribution.curvature.network import logits as logits_of
from attribution.numerics.residuals import residuals

FORMS = ("exact", "ekfac")


class Segment(NamedTuple):
    """`checkpoints`: parameters of each, in the order of the model's `trainable_variables`; `time` t: the sum of the
    sizes of its steps; `moments` (k,): Adam's second moments, None for plain steps; `epsilon`: Adam's."""

    checkpoints: list[list[np.ndarray]]
    time: float
    moments: np.ndarray | None = None
    epsilon: float = 0.0


class Curved(NamedTuple):
    """A segment with its curvature: the `networks` of its checkpoints, its `time`, `r` (k,) the coordinates, and
    `function` (damping, f) -> (b, k) -> (b, k): multiplication with f of the damped curvature in them."""

    networks: list[Network]
    time: float
    r: np.ndarray
    function: Callable


def curved(
    network: Network, x: np.ndarray, segments: list[Segment], form: str | None = None, factors: str = "plain",
    batch: int | None = None, weights: np.ndarray | None = None,
) -> list[Curved]:  # fmt: skip
    """Segments with their curvature.

    Args:
        x: (n, ...). form: one of FORMS; without it exact up to `exact.SIZE` parameters.
        factors: one of `kronecker.FORMS`. batch: see `network.blocks`.
        weights: (n,) of the points in the objective; None for 1.
    """
    form = form or (FORMS[0] if network.size <= exact.SIZE else FORMS[1])
    result = []
    for segment in segments:
        networks = [at(network, weights) for weights in segment.checkpoints]
        if form == FORMS[0]:
            r, function = _exact(networks, x, segment, batch, weights)
        else:
            r, function = _kronecker(networks, x, segment, factors, batch, weights)
        result.append(Curved(networks, segment.time, r, function))
    return result


def influence(
    path: list[Curved], x: np.ndarray, y: np.ndarray, vectors: np.ndarray, damping: float, batch: int | None = None,
    weights: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """(b, n) scores of all training points for many targets.

    Args:
        path: in the order of training. x: (n, ...). y: (n,). batch, weights: as in `curved`.
        vectors: (b, k) gradients, at the trained parameters, of what a helpful point lowers. damping: 0 or more.
    """
    n, result = len(x), np.zeros((len(vectors), len(x)))
    for segment in reversed(path):
        moved = vectors * segment.r
        response = segment.r * segment.function(damping, lambda v, t=segment.time: _response(v, t))(moved)
        for one in segment.networks:
            own = seeds.single(residuals(logits_of(one, x), y, weights))
            found = gradients.along(one, blocks(one, x, own, batch), response, n, 1)[0].T
            result += found / (n * len(segment.networks))
        vectors = segment.function(damping, lambda v, t=segment.time: np.exp(-t * v))(moved) / segment.r
    return result


def _response(values: np.ndarray, time: float) -> np.ndarray:
    """(1 - exp(-t v)) / v, which is t at 0."""
    small = np.abs(values) * time < 1e-12
    return np.where(small, time, -np.expm1(-time * values) / np.where(small, 1.0, values))


def _exact(
    networks: list[Network], x: np.ndarray, segment: Segment, batch: int | None, weights: np.ndarray | None
) -> tuple[np.ndarray, Callable]:
    matrix = np.mean([
        exact.matrix(one, blocks(one, x, seeds.roots(logits_of(one, x), weights), batch), len(x)) for one in networks
    ], axis=0)  # fmt: skip
    own = decay(networks[0])
    r = np.ones(len(own))
    if segment.moments is not None:
        r = (np.sqrt(segment.moments) + segment.epsilon) ** -0.5

    # the same damping is asked for with two functions
    @functools.lru_cache(maxsize=1)
    def decomposed(damping: float) -> tuple[np.ndarray, np.ndarray]:
        return eigh(r[:, None] * (matrix + np.diag(own + damping)) * r)

    def function(damping: float, f: Callable) -> Callable:
        values, vectors = decomposed(damping)
        changed = f(np.maximum(values, 0))
        return lambda v: ((v @ vectors) * changed) @ vectors.T

    return r, function


def _kronecker(
    networks: list[Network],
    x: np.ndarray,
    segment: Segment,
    factors: str,
    batch: int | None,
    weights: np.ndarray | None,
) -> tuple[np.ndarray, Callable]:
    network, scales = networks[0], metric.plain(networks[0])
    if segment.moments is not None:
        scales = metric.of_moments(network, segment.moments, segment.epsilon)
    limit = KEPT_BYTES // len(networks)
    passes = [_passes(one, x, scales, batch, limit, weights) for one in networks]
    found = [
        kronecker.factors(one, each(), len(x), factors, weights) for one, each in zip(networks, passes, strict=True)
    ]
    mean = [
        kronecker.Factors(*(np.mean(arrays, axis=0) for arrays in zip(*layer, strict=True)))
        for layer in zip(*found, strict=True)
    ]
    turned = eigenvalues.basis(mean)
    each = [
        eigenvalues.eigenvalues(one, again(), turned, len(x)) for one, again in zip(networks, passes, strict=True)
    ]  # fmt: skip
    values = [np.mean(layer, axis=0) for layer in zip(*each, strict=True)]

    def function(damping: float, f: Callable) -> Callable:
        own = eigenvalues.diagonal(network, turned, damping, scales)
        return eigenvalues.function(network, turned, [f(v + more) for v, more in zip(values, own, strict=True)])

    return metric.flat(scales), function


def _passes(
    network: Network, x: np.ndarray, scales: list[metric.Scale], batch: int | None, limit: int,
    weights: np.ndarray | None,
) -> Callable:  # fmt: skip
    kept = kept_blocks(network, x, seeds.roots(logits_of(network, x), weights), batch, limit)
    return lambda: metric.scaled(kept(), scales)
