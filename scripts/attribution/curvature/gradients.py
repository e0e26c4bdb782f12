"""Gradients of single samples, formed one layer and one batch at a time, and their products with vectors."""

from collections.abc import Iterable

import numpy as np

from attribution.curvature.network import Block, Network, Seeds, blocks


def per_sample(a: np.ndarray, e: np.ndarray) -> np.ndarray:
    """(J, s, I * O) gradients A^T E of a layer; a (s, P, I), e (J, s, P, O)."""
    if a.shape[1] == 1:
        formed = a[:, 0, :, None] * e[:, :, 0, None, :]
    else:
        formed = np.matmul(a.swapaxes(1, 2), e)
    return formed.reshape(*e.shape[:2], -1)


def rows(network: Network, x: np.ndarray, seeds: Seeds, batch: int | None = None) -> np.ndarray:
    """(n, k) gradients along one seed, for few samples.

    Args:
        x: (n, ...). seeds: rows -> (1, rows, C). batch: see `network.blocks`.
    """
    result = np.empty((len(x), network.size))
    for block in blocks(network, x, seeds, batch):
        for part, a, e in zip(network.parts, block.a, block.e, strict=True):
            result[block.rows, part.start : part.stop] = per_sample(a, e)[0]
    return result


def along(network: Network, passes: Iterable[Block], vectors: np.ndarray, n: int, seeds: int) -> np.ndarray:
    """(seeds, n, b) inner products of every sample's gradients with vectors (b, k).

    Args:
        passes: blocks of the n samples. seeds: J of the blocks.
    """
    result = np.zeros((seeds, n, len(vectors)))
    for block in passes:
        for part, a, e in zip(network.parts, block.a, block.e, strict=True):
            result[:, block.rows] += _along_layer(a, e, vectors[:, part.start : part.stop])
    return result


def gathered(network: Network, passes: Iterable[Block], weights: np.ndarray) -> np.ndarray:
    """(b, k) sum over samples and seeds of weights (J, n, b) times their gradients."""
    result = np.zeros((weights.shape[2], network.size))
    for block in passes:
        for part, a, e in zip(network.parts, block.a, block.e, strict=True):
            result[:, part.start : part.stop] += gathered_layer(a, e, weights[:, block.rows])
    return result


def product(network: Network, passes: Iterable[Block], vectors: np.ndarray) -> np.ndarray:
    """(b, k) sum over samples and seeds of gradient times its inner product with each vector: one pass for both."""
    result = np.zeros((len(vectors), network.size))
    for block in passes:
        layers = list(zip(network.parts, block.a, block.e, strict=True))
        moved = sum(_along_layer(a, e, vectors[:, part.start : part.stop]) for part, a, e in layers)
        for part, a, e in layers:
            result[:, part.start : part.stop] += gathered_layer(a, e, moved)
    return result


def _along_layer(a: np.ndarray, e: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(J, s, b) inner products; a (s, P, I), e (J, s, P, O), vectors (b, I * O)."""
    j, s, positions, columns = e.shape
    if positions > j:
        return per_sample(a, e) @ vectors.T
    # few positions: inputs times vectors first, shared by the seeds
    b = len(vectors)
    moved = a.reshape(s * positions, -1) @ vectors.reshape(b, -1, columns).transpose(1, 2, 0).reshape(a.shape[2], -1)
    # (s, J, P * O) @ (s, P * O, b)
    upstream = e.transpose(1, 0, 2, 3).reshape(s, j, positions * columns)
    return np.matmul(upstream, moved.reshape(s, positions * columns, b)).swapaxes(0, 1)


def gathered_layer(a: np.ndarray, e: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(b, I * O) sum of gradients with weights (J, s, b)."""
    j, s, positions, columns = e.shape
    b = weights.shape[2]
    if positions > j:
        return weights.reshape(j * s, b).T @ per_sample(a, e).reshape(j * s, -1)
    upstream = e.transpose(1, 2, 3, 0).reshape(s, positions * columns, j)
    mixed = np.matmul(upstream, weights.swapaxes(0, 1)).reshape(s * positions, columns * b)
    summed = a.reshape(s * positions, -1).T @ mixed
    return summed.reshape(-1, columns, b).transpose(2, 0, 1).reshape(b, -1)
