"""Figure 5: the points of largest self-influence, and how self-influence falls with the distance to the boundary."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.decision_boundary import BOUNDARY_DISTANCE, GRID_X, GRID_Y, LOGITS_GRID
from attribution.files.results.influence import SELF_INFLUENCE


def plot_self_influence(data: str, influence: str, boundary: str, top: int, style: str, dpi: int, path: str) -> None:
    """Draw the top points on the plane, and all points against their distance to the boundary."""
    x, y = hdf5.read(data, X_TRAIN, Y_TRAIN)
    (own,) = hdf5.read(influence, SELF_INFLUENCE)
    grid_x, grid_y, logits, distance = hdf5.read(boundary, GRID_X, GRID_Y, LOGITS_GRID, BOUNDARY_DISTANCE)
    drawing.use(style)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 2.9), width_ratios=[1.5, 1])
    drawing.points(left, x, y, faint=True)
    drawing.boundary(left, grid_x, grid_y, logits)
    order = np.argsort(-own, kind="stable")[:top]
    shown = left.scatter(*x[order].T, c=np.log10(own[order]), s=14, cmap="viridis", lw=0)
    figure.colorbar(shown, ax=left, label="log10 self-influence", shrink=0.8)
    left.set_title(f"{len(order)} largest self-influences")
    for label, name in enumerate(hdf5.attributes(data)["class_names"]):
        chosen = y == label
        right.scatter(
            distance[chosen], own[chosen], s=7, color=drawing.CLASS_COLOURS[label], marker="so"[label], lw=0, label=name
        )
    right.axhline(own[order[-1]], color=drawing.BLACK, lw=0.8, ls="--")
    right.text(distance.max(), own[order[-1]], f"top {len(order)}", ha="right", va="bottom", fontsize=8)
    right.set(
        yscale="log",
        ylim=(own.max() * 1e-12, own.max() * 10),
        xlabel="distance to the decision boundary",
        ylabel="self-influence",
    )
    right.legend(loc="upper right", markerscale=1.8)
    drawing.save(figure, path, dpi)


job.run(plot_self_influence)
