"""Similarity of points: cosines, distances, and the nearest neighbours by them."""

from collections.abc import Callable

import numpy as np

# Query indices (q,) -> (q, n) scores of all training points; larger means more similar.
Score = Callable[[np.ndarray], np.ndarray]
# Bytes of samples converted to float64 at a time.
CHUNK_BYTES = 64 << 20


def cosine(vectors: np.ndarray, asked: np.ndarray | None = None) -> Score:
    """The cosine of vectors (n, d) with those of the queries (m, d), the same ones unless given.

    Raises:
        ValueError: when a vector has length zero.
    """
    unit = unit_vectors(vectors)
    of_queries = unit if asked is None else unit_vectors(asked)
    return lambda queries: of_queries[queries] @ unit.T


def gradient_cosine(
    features: np.ndarray, residuals: np.ndarray, asked: tuple[np.ndarray, np.ndarray] | None = None
) -> Score:
    """The cosine of gradients: the product of the cosines of both factors, (n, D) and (n, C).

    Args:
        asked: both factors of the queries, the same ones unless given.
    """
    h, r = unit_vectors(features), unit_vectors(residuals)
    h_asked, r_asked = (h, r) if asked is None else map(unit_vectors, asked)
    return lambda queries: (h_asked[queries] @ h.T) * (r_asked[queries] @ r.T)


def unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """(n, d) float64 of length 1.

    Raises:
        ValueError: when a vector has length zero.
    """
    vectors = np.asarray(vectors, dtype=np.float64)
    # by the largest entry first: squares of a certain point's residuals would underflow
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    if not (largest > 0).all():
        raise ValueError(f"{int((largest == 0).sum())} of {len(vectors)} vectors have length zero and no cosine")
    vectors = vectors / largest
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def distance(x: np.ndarray, asked: np.ndarray | None = None) -> Score:
    """Minus the square of the Euclidean distance.

    Args:
        x: (n, ...) embeddings or images of any dtype; converted to float64 in parts. For integers the result is exact.
        asked: (m, ...) of the queries, the same ones unless given.
    """
    flat = x.reshape(len(x), -1)
    of_queries = flat if asked is None else asked.reshape(len(asked), -1)
    rows = max(1, CHUNK_BYTES // (8 * flat.shape[1]))

    def score(queries: np.ndarray) -> np.ndarray:
        q = of_queries[queries].astype(np.float64)
        result = np.empty((len(q), len(flat)))
        for start in range(0, len(flat), rows):
            part = flat[start : start + rows].astype(np.float64)
            square = (part**2).sum(axis=1) + (q**2).sum(axis=1)[:, None]
            result[:, start : start + len(part)] = 2 * (q @ part.T) - square
        return result

    return score


def nearest(points: np.ndarray, seed: int, size: int, metric: str, keys: np.ndarray) -> np.ndarray:
    """The seed and its nearest neighbours.

    Args:
        points: (n, d). metric: `euclidean` or `cosine`. keys: (n,) order between equal distances.

    Returns:
        (size,) indices, the seed first.
    """
    if metric == "cosine":
        unit = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), np.finfo(float).tiny)
        gap = -unit @ unit[seed]
    else:
        gap = np.linalg.norm(points - points[seed], axis=1)
    gap[seed] = -np.inf
    return np.lexsort((keys, gap))[:size]
