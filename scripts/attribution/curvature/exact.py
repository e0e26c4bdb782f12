"""The Gauss-Newton matrix of all layers itself, for networks of a few thousand parameters."""

from collections.abc import Iterable

import numpy as np

from attribution.curvature import gradients
from attribution.curvature.network import Block, Network

# parameters, up to which the matrix and its eigenvectors take less than what approximates them
SIZE = 2048


def matrix(network: Network, passes: Iterable[Block], n: int) -> np.ndarray:
    """(k, k) float64, penalties not in it.

    Args:
        passes: blocks of the n samples along `seeds.roots`.
    """
    result = np.zeros((network.size, network.size))
    for block in passes:
        rows = np.concatenate([gradients.per_sample(a, e) for a, e in zip(block.a, block.e, strict=True)], axis=2)
        rows = rows.reshape(-1, network.size).astype(np.float64, copy=False)
        result += rows.T @ rows / n
    return result
