"""Similarity of vectors by their cosine."""

from collections.abc import Callable

import numpy as np

# Query indices (q,) -> (q, n) scores of all training points; larger means retrieved earlier.
Score = Callable[[np.ndarray], np.ndarray]


def cosine_score(vectors: np.ndarray) -> Score:
    """Retrieval by the cosine of vectors (n, d).

    Raises:
        ValueError: when a vector has length zero.
    """
    lengths_one = unit(vectors)
    return lambda queries: lengths_one[queries] @ lengths_one.T


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, d) divided by their lengths, float64.

    Raises:
        ValueError: when one has length zero.
    """
    vectors = np.asarray(vectors, dtype=np.float64)
    # by the largest entry first: squares of a certain point's residuals would underflow
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    if not (largest > 0).all():
        raise ValueError(f"{int((largest == 0).sum())} of {len(vectors)} vectors have length zero and no cosine")
    vectors = vectors / largest
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
