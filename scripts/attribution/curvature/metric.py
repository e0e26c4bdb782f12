"""What Adam divides by, as a change of coordinates in which its steps are plain ones.

Adam moves by -rate m / (sqrt v + epsilon). With slowly changing v that is gradient descent in coordinates theta / R,
R = (sqrt v + epsilon)^(-1/2), where gradients and curvature are R g and R H R (Bae et al. 2024, appendix C, treat Adam
by such a diagonal). So that Kronecker factors stay factors, sqrt v of a layer is taken as a product over its rows and
columns, v ~ r c^T / mean v with means r over columns and c over rows (Shazeer and Stern 2018, section 3).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from attribution.curvature.network import Block, Network


class Scale(NamedTuple):
    """Of one layer, what R multiplies: `rows` (I,), `columns` (O,)."""

    rows: np.ndarray
    columns: np.ndarray


def plain(network: Network) -> list[Scale]:
    """R = 1, for gradient descent."""
    return [Scale(np.ones(part.rows), np.ones(part.columns)) for part in network.parts]


def of_moments(network: Network, moments: np.ndarray, epsilon: float) -> list[Scale]:
    """R from Adam's second moments v (k,), each layer's as a product.

    Args:
        epsilon: Adam's; no divisor is below it.
    """
    result = []
    for part in network.parts:
        v = moments[part.start : part.stop].reshape(part.rows, part.columns)
        mean = max(v.mean(), epsilon**2)
        divisors = [np.sqrt(np.maximum(v.mean(axis=axis) / np.sqrt(mean), epsilon)) for axis in (1, 0)]
        result.append(Scale(*(divisor**-0.5 for divisor in divisors)))
    return result


def flat(scales: list[Scale]) -> np.ndarray:
    """(k,) R."""
    return np.concatenate([np.outer(scale.rows, scale.columns).ravel() for scale in scales])


def scaled(passes: Iterable[Block], scales: list[Scale]) -> Iterator[Block]:
    """Blocks whose per-sample gradients are R g."""
    for block in passes:
        a = [one * scale.rows.astype(one.dtype) for one, scale in zip(block.a, scales, strict=True)]
        e = [one * scale.columns.astype(one.dtype) for one, scale in zip(block.e, scales, strict=True)]
        yield Block(block.rows, a, e)
