"""The vectors that a method tells training points apart by: its own, its kernel's, or what it says of test points."""

from typing import NamedTuple

import numpy as np

from attribution.influence import points as influence
from attribution.partition import vectors as points


class Factors(NamedTuple):
    """Of the last layer: `features` (n, D), `residuals` (n, C), `solve` (k, b) -> (k, b), `own` (n,) self-influence."""

    features: np.ndarray
    residuals: np.ndarray
    solve: influence.Solve
    own: np.ndarray


def of_method(label: str, method, run, pairs: np.ndarray | None, unit: bool) -> points.Vectors:
    """Vectors of all training points.

    A method has `vectors`, (n, d) or `Factors`; or its `pairs` of training points are a `kernel`, whose vectors are
    taken from its eigenvectors; or a training point is what its attributions say that it does to every test point.
    At length one a vector of length zero stays: k-means needs sums of vectors only, no cosine of each two.

    Args:
        label: the method's name. method: an attribution method. run: a `methods.run.Run` whose targets are the training
            points. pairs: (n, n) of a kernel, (t, n) of test points where the method has neither. unit: whether
            lengths are left out, the spherical form.

    Raises:
        ValueError: when a number is not finite, or every vector has length zero.
    """
    if hasattr(method, "vectors"):
        found = method.vectors(run)
        if isinstance(found, Factors):
            return _factored(found, unit)
        found = np.asarray(found, dtype=np.float64).reshape(len(run.labels), -1)
    elif getattr(method, "kernel", False):
        found = of_kernel(pairs, unit)
    else:
        found = pairs.T
    if not np.isfinite(found).all():
        raise ValueError(f"{(~np.isfinite(found)).sum()} of {found.size} numbers of method '{label}' are not finite")
    if not found.any():
        raise ValueError(f"all vectors of method '{label}' have length zero, so nothing tells the points apart")
    return points.dense(points.normalised(found) if unit else found)


def refuse_large_kernel(label: str, n: int, limit: float) -> None:
    """Raise ValueError when the kernel of n points is larger than `limit` gigabytes (1e9 bytes)."""
    if 8 * n**2 > 1e9 * limit:
        raise ValueError(
            f"method '{label}' needs a kernel of {n} x {n} numbers, {8 * n**2 / 1e9:.3g} GB, and influence.matrix_gb "
            f"allows {limit:g}; take it out of methods.partition, or raise influence.matrix_gb"
        )


def of_kernel(kernel: np.ndarray, unit: bool) -> np.ndarray:
    """(n, r) vectors whose inner products are a kernel's (n, n), as nearly as its positive part is it.

    Args:
        unit: whether each point's own value becomes 1 first; points without one stay at zero.
    """
    kernel = (kernel + kernel.T) / 2
    if unit:
        kernel = points.cosines(kernel)
    values, directions = np.linalg.eigh(kernel)
    kept = values > max(values[-1], 0) * len(kernel) * np.finfo(float).eps
    return directions[:, kept] * np.sqrt(values[kept])


def _factored(found: Factors, unit: bool) -> points.Vectors:
    if not unit:
        return points.factored(*found)
    scaled = influence.unit(found.residuals, found.own)
    return points.factored(found.features, scaled, found.solve, (found.own > 0).astype(float))
