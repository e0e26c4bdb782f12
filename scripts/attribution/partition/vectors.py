"""What training points are told apart by: one vector a point, whole or as two factors that are never multiplied out.

The sum over parts S of I(S, S) / |S| is exactly the kernel k-means objective on whitened gradients u_i = L^-1 g_i, with
L L^T the damped Hessian: I(S, S) / |S| = |sum_S u|^2 / |S|. A part's centre is c = L^-1 sum_S g / |S|, and u_i . c =
g_i^T H^-1 sum_S g / |S|, so centres live in the gradients' space and one solve serves each: with g_i = h_i (x) r_i the
product is h_i^T mat(v) r_i, and no array of n x D C numbers ever exists.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from attribution.influence import points as influence

# points whose products with all centres exist at a time
CHUNK = 2048


class Vectors(NamedTuple):
    """n vectors of a space with an inner product.

    `count` n; `width` k numbers of a sum; `square` (n,) squared lengths; `dual` (k, b) -> (k, b), what a sum becomes so
    that plain products of it with a point are inner products; `scores` (rows, (k, b)) -> (b, rows), plain products;
    `sums` (indices (s,)) -> (k,) sum of those points;
    `mixed` (rows, (rows, b)) -> (k, b) sums of the rows with these weights.
    """

    count: int
    width: int
    square: np.ndarray
    dual: Callable
    scores: Callable
    sums: Callable
    mixed: Callable


def dense(vectors: np.ndarray) -> Vectors:
    """Of whole vectors (n, k), any float."""
    square = np.einsum("ij,ij->i", vectors, vectors).astype(np.float64)
    return Vectors(
        *vectors.shape, square, lambda sums: sums, lambda rows, v: v.T @ vectors[rows].T,
        lambda chosen: vectors[chosen].sum(axis=0), lambda rows, weights: vectors[rows].T @ weights,
    )  # fmt: skip


def factored(features: np.ndarray, residuals: np.ndarray, solve: influence.Solve, own: np.ndarray) -> Vectors:
    """Of whitened gradients of the last layer, from their factors.

    Args:
        features: (n, D). residuals: (n, C). solve: (k, b) -> (k, b), the damped inverse Hessian, k = D C.
        own: (n,) self-influence, the squared lengths.
    """
    d, c = features.shape[1], residuals.shape[1]

    def scores(rows: slice, v: np.ndarray) -> np.ndarray:
        b = v.shape[1]
        h, r = features[rows], residuals[rows].T.astype(features.dtype)
        found = np.empty((b, h.shape[0]), dtype=features.dtype)
        # a class at a time: its products are summed up while they are in the cache
        matrices = v.reshape(d, c, b).astype(features.dtype, copy=False)
        for j in range(c):
            moved = np.ascontiguousarray(matrices[:, j].T) @ h.T
            moved *= r[j]
            found = moved if j == 0 else np.add(found, moved, out=found)
        return found

    def sums(chosen: np.ndarray) -> np.ndarray:
        return (features[chosen].T @ residuals[chosen].astype(features.dtype)).ravel()

    def mixed(rows: slice, weights: np.ndarray) -> np.ndarray:
        h, r = features[rows].T, residuals[rows]
        return np.stack([h @ (r[:, j, None] * weights) for j in range(c)], axis=1).reshape(d * c, -1)

    return Vectors(len(features), d * c, np.asarray(own, dtype=np.float64), solve, scores, sums, mixed)


def cosines(kernel: np.ndarray) -> np.ndarray:
    """A kernel (n, n) of the same vectors at length 1, those of length zero as they are."""
    own = np.diag(kernel)
    scale = 1 / np.sqrt(np.where(own > 0, own, np.inf))
    return scale[:, None] * kernel * scale


def normalised(vectors: np.ndarray) -> np.ndarray:
    """(n, k) vectors at length 1, those of length zero as they are."""
    # by the largest entry first: squares of a certain point's gradient would underflow
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    scaled = vectors / np.where(largest > 0, largest, 1)
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    return scaled / np.where(length > 0, length, 1)


def chunks(count: int, size: int = CHUNK) -> Iterator[slice]:
    """The points, so many at a time; that changes no result beyond rounding."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def gathered(vectors: Vectors, labels: np.ndarray, parts: int) -> np.ndarray:
    """(k, parts) sum of each part's points, labels (n,) in [0, parts)."""
    result = np.zeros((vectors.width, parts))
    for rows in chunks(vectors.count):
        own = labels[rows]
        order = np.argsort(own, kind="stable")
        ends = np.searchsorted(own[order], np.arange(parts + 1))
        for part in np.flatnonzero(np.diff(ends)):
            chosen = rows.start + order[ends[part] : ends[part + 1]]
            result[:, part] += vectors.sums(chosen)
    return result
