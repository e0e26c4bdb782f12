"""Principal components of the vectors, uncentred: the code of so many numbers that loses least of their inner products.

With u_i = L^-1 g_i the best code of p numbers for the matrix of influences K_ij = u_i . u_j is sqrt(l) times its p
leading eigenvectors (Eckart and Young 1936). They are found by orthogonal iteration on products with K (Halko,
Martinsson and Tropp 2011, algorithm 4.4), each a pass over the points and one solve: K itself never exists.
"""

from typing import NamedTuple

import numpy as np

from attribution.partition.vectors import Vectors, chunks

# columns beside those asked for, and passes
MORE, PASSES = 10, 6


class Code(NamedTuple):
    """`code` (n, p) float64; `kept`, share of the sum of squared lengths that is in it."""

    code: np.ndarray
    kept: float


def code(vectors: Vectors, components: int, seed: int) -> Code:
    """Codes whose inner products are those of the vectors as nearly as so many numbers allow.

    Args:
        components: p; as many as there can be where more are asked. seed: of the first directions.
    """
    p = min(components, vectors.count, vectors.width)
    columns = min(p + MORE, vectors.count)
    y = np.random.default_rng(seed).standard_normal((vectors.count, columns))
    for _ in range(PASSES):
        y, _ = np.linalg.qr(_product(vectors, y))
    values, turn = np.linalg.eigh(y.T @ _product(vectors, y))
    found = (y @ turn[:, ::-1][:, :p]) * np.sqrt(np.maximum(values[::-1][:p], 0))
    total = vectors.square.sum()
    return Code(found, float(np.square(found).sum() / total) if total > 0 else 1.0)


def _product(vectors: Vectors, y: np.ndarray) -> np.ndarray:
    """(n, b) K y."""
    moved = vectors.dual(sum(vectors.mixed(rows, y[rows]) for rows in chunks(vectors.count)))
    result = np.empty_like(y)
    for rows in chunks(vectors.count):
        result[rows] = vectors.scores(rows, moved).T
    return result
