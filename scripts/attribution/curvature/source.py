"""SOURCE: influence along the training's path, in a few segments of constant curvature (Bae et al. 2024, section 3).

The derivative of the parameters in a point's weight is unrolled backwards through the segments l = L ... 1, each with
mean curvature H_l and the sum t_l of its steps' sizes (equations 13 to 17):

    score = sum_l v_l^T r_l(g), r_l(g) = (1 - exp(-t_l H_l)) H_l^-1 g_l / n, v_(l-1) = exp(-t_l H_l) v_l, v_L = v.

H_l is EK-FAC's matrix with factors, eigenvalues and penalties averaged over the segment's checkpoints, g_l the mean of
a point's gradients there. A momentum of m makes steps 1 / (1 - m) times as long. For Adam the same holds in the
coordinates of `metric`, with the learning rate as the step. There is no damping: the sum of steps takes its place.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from attribution.curvature import eigenvalues, gradients, kronecker, metric, seeds
from attribution.curvature.network import Network, at, blocks, kept_blocks
from attribution.curvature.network import logits as logits_of
from attribution.numerics.residuals import residuals


class Segment(NamedTuple):
    """`checkpoints`: parameters of each, in the order of the model's `trainable_variables`; `time` t: the sum of the
    sizes of its steps; `scales`: of `metric`, for Adam."""

    checkpoints: list[list[np.ndarray]]
    time: float
    scales: list[metric.Scale]


def influence(
    network: Network, x: np.ndarray, y: np.ndarray, vectors: np.ndarray, segments: list[Segment],
    batch: int | None = None,
) -> np.ndarray:  # fmt: skip
    """(b, n) scores of all training points for many targets.

    Args:
        x: (n, ...). y: (n,). vectors: (b, k) gradients, at the trained parameters, of what a helpful point lowers.
        segments: in the order of training. batch: see `network.blocks`.
    """
    n, result = len(x), np.zeros((len(vectors), len(x)))
    for segment in reversed(segments):
        networks = [at(network, weights) for weights in segment.checkpoints]
        r = metric.flat(network, segment.scales)
        turned, values = _curvature(networks, x, segment.scales, batch)
        moved = vectors * r
        response = r * eigenvalues.function(network, turned, [_response(v, segment.time) for v in values])(moved)
        for one in networks:
            own = seeds.single(residuals(logits_of(one, x), y))
            result += gradients.along(one, blocks(one, x, own, batch), response, n, 1)[0].T / (n * len(networks))
        kept = eigenvalues.function(network, turned, [np.exp(-segment.time * v) for v in values])
        vectors = kept(moved) / r
    return result


def _response(values: np.ndarray, time: float) -> np.ndarray:
    """(1 - exp(-t v)) / v, which is t at 0."""
    small = values * time < 1e-12
    return np.where(small, time, -np.expm1(-time * values) / np.where(small, 1.0, values))


def _curvature(networks: list[Network], x: np.ndarray, scales: list[metric.Scale], batch: int | None):
    """Basis and eigenvalues (I, O) of every layer, over a segment's checkpoints and in its coordinates."""
    passes = [_passes(one, x, scales, batch) for one in networks]
    found = [kronecker.factors(one, each(), len(x)) for one, each in zip(networks, passes, strict=True)]
    mean = [
        kronecker.Factors(*(np.mean(arrays, axis=0) for arrays in zip(*layer, strict=True)))
        for layer in zip(*found, strict=True)
    ]
    turned = eigenvalues.basis(mean)
    each = [
        eigenvalues.eigenvalues(one, again(), turned, len(x)) for one, again in zip(networks, passes, strict=True)
    ]  # fmt: skip
    own = eigenvalues.decay(networks[0], turned, scales)
    return turned, [np.mean(values, axis=0) + more for *values, more in zip(*each, own, strict=True)]


def _passes(network: Network, x: np.ndarray, scales: list[metric.Scale], batch: int | None) -> Callable:
    kept = kept_blocks(network, x, seeds.roots(logits_of(network, x)), batch)
    return lambda: metric.scaled(kept(), scales)
