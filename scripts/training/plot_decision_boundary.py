"""The decision boundary over the plane, with self-influence as a map."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.decision_boundary import FEATURES_GRID, GRID_X, GRID_Y, LOGITS_GRID
from attribution.influence import inverse
from attribution.influence import points as influence
from attribution.numerics.residuals import residuals


def plot_decision_boundary(data: str, boundary: str, hessian: str, style: str, dpi: int, path: str) -> None:
    """Draw the last layer's self-influence that a point at each place would have with the class predicted there."""
    x, y = hdf5.read(data, X_TRAIN, Y_TRAIN)
    grid_x, grid_y, features, logits = hdf5.read(boundary, GRID_X, GRID_Y, FEATURES_GRID, LOGITS_GRID)
    flat = logits.reshape(-1, 1)
    own, _ = influence.self_influence(
        features, residuals(flat, (flat[:, 0] > 0).astype(int)), inverse.from_factor(hessian)
    )
    drawing.use(style)
    figure, axes = plt.subplots(figsize=(6.6, 3.2))
    value = np.log10(np.maximum(own, np.finfo(float).tiny)).reshape(logits.shape)
    shown = axes.pcolormesh(grid_x, grid_y, value, vmin=value.max() - 5, shading="nearest", rasterized=True)
    figure.colorbar(shown, label="log10 self-influence", extend="min")
    drawing.boundary(axes, grid_x, grid_y, logits)
    for label, name in enumerate(hdf5.attributes(data)["class_names"]):
        axes.scatter(
            *x[y == label].T,
            s=8,
            marker="so"[label],
            color=drawing.CLASS_COLOURS[label],
            ec="white",
            lw=0.4,
            label=name,
        )
    drawing.plane(axes)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2, markerscale=1.8)
    drawing.save(figure, path, dpi)


job.run(plot_decision_boundary)
