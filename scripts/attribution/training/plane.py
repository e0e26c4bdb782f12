"""The decision boundary of a two-dimensional classifier: where the logit is zero on a grid."""

import numpy as np
from contourpy import contour_generator


def grid(x: np.ndarray, points: int, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along both axes that cover the samples.

    Args:
        x: (n, 2). points: along each axis. margin: added on every side, in the plane's units.
    """
    low, high = x.min(axis=0) - margin, x.max(axis=0) + margin
    return np.linspace(low[0], high[0], points), np.linspace(low[1], high[1], points)


def boundary(grid_x: np.ndarray, grid_y: np.ndarray, logits: np.ndarray) -> list[np.ndarray]:
    """Polylines (p, 2) on which the logit is zero.

    Args:
        grid_x: (g,). grid_y: (g,). logits: (g, g), row = y.

    Raises:
        ValueError: when the network predicts one class over the whole plane.
    """
    lines = contour_generator(grid_x, grid_y, logits).lines(0.0)
    if not lines:
        raise ValueError("the network predicts one class over the whole plane, so it has no decision boundary there")
    return lines


def distances(x: np.ndarray, lines: list[np.ndarray]) -> np.ndarray:
    """(n,) Euclidean distance of each sample to the nearest segment of the polylines, in the plane's units."""
    nearest = np.full(len(x), np.inf)
    for line in lines:
        start, step = line[:-1], np.diff(line, axis=0)
        length = np.maximum((step**2).sum(axis=1), np.finfo(float).tiny)
        along = np.clip(((x[:, None] - start) * step).sum(axis=2) / length, 0, 1)
        gap = np.linalg.norm(x[:, None] - (start + along[:, :, None] * step), axis=2)
        nearest = np.minimum(nearest, gap.min(axis=1))
    return nearest
