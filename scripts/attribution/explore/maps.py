"""Training points in two dimensions, and which of them the network treats most alike."""

from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA, KernelPCA

from attribution.influence.points import Solve, unit
from attribution.partition import vectors


class Map(NamedTuple):
    """`name` of what the points are placed by, `xy` (q, 2), `kept` share of the variance that the two axes have."""

    name: str
    xy: np.ndarray
    kept: float


def cosines(features: np.ndarray, residuals: np.ndarray, own: np.ndarray, solve: Solve) -> np.ndarray:
    """(q, q) cosines of whitened gradients of the last layer: u_i . u_j of length 1, I(i, j) / sqrt(I(i, i) I(j, j)).

    A point whose gradient is zero has zeros, itself too.

    Args:
        features: (q, D). residuals: (q, C). own: (q,) self-influence. solve: (k, b) -> (k, b), the damped inverse
            Hessian, k = D C.
    """
    scaled = unit(residuals, own)
    points = vectors.factored(features, scaled, solve, own)
    moved = solve(np.einsum("id,ic->dci", features, scaled).reshape(-1, len(features)))
    found = np.concatenate([points.scores(rows, moved).T for rows in vectors.chunks(len(features))])
    return (found + found.T) / 2


def of_kernel(name: str, kernel: np.ndarray, seed: int) -> Map:
    """The two principal components of points whose inner products are `kernel` (q, q), centred."""
    fitted = KernelPCA(2, kernel="precomputed", eigen_solver="arpack", random_state=seed).fit(kernel)
    centred = np.trace(kernel) - kernel.sum() / len(kernel)
    values = np.maximum(fitted.eigenvalues_, 0)
    xy = fitted.eigenvectors_ * np.sqrt(values)
    return Map(name, _two(xy), float(values.sum() / centred) if centred > 0 else 1.0)


def of_vectors(name: str, points: np.ndarray, seed: int) -> Map:
    """The two principal components of vectors (q, d), centred; of two numbers those numbers."""
    points = np.asarray(points, dtype=np.float64).reshape(len(points), -1)
    if points.shape[1] <= 2:
        return Map(name, _two(points), 1.0)
    # ARPACK's first vector is drawn: exact to its tolerance whatever the spectrum, and two components alone
    fitted = PCA(2, svd_solver="arpack", random_state=seed)
    xy = fitted.fit_transform(points)
    return Map(name, xy, float(np.nan_to_num(fitted.explained_variance_ratio_).sum()))


def alike(kernel: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The most similar other points of each, the first the most similar.

    Args:
        kernel: (q, q) similarities. count: how many.

    Returns:
        (q, c) places among the q points and (q, c) similarities, c at most `count` and q - 1.
    """
    other = kernel.copy()
    np.fill_diagonal(other, -np.inf)
    count = min(count, len(kernel) - 1)
    order = np.argsort(-other, axis=1, kind="stable")[:, :count]
    return order, np.take_along_axis(other, order, axis=1)


def _two(xy: np.ndarray) -> np.ndarray:
    """(q, 2), a missing second column as zeros."""
    return np.pad(xy, [(0, 0), (0, 2 - xy.shape[1])])
