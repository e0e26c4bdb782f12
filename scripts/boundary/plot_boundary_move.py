"""Figure 13: the decision boundary before, during and after the move that changes one point's prediction."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.decision_boundary import GRID_X, GRID_Y, LOGITS_GRID


def plot_boundary_move(data: str, move: str, scope: str, style: str, dpi: int, path: str) -> None:
    """Draw a panel a share of the move of `scope` (words), and the point's logit difference along the path."""
    x, y = hdf5.read(data, X_TRAIN, Y_TRAIN)
    grid_x, grid_y, logits, fractions, length, gap = hdf5.read(
        move, GRID_X, GRID_Y, LOGITS_GRID, "fractions", "path", "gap"
    )
    found, classes = hdf5.attributes(move), hdf5.attributes(data)["class_names"]
    score, point = found["score"], found["point"]
    drawing.use(style)
    figure, axes = plt.subplots(2, 2, figsize=(7.6, 4.6))
    for here, fraction, values in zip(axes.flat, fractions, logits, strict=False):
        levels = [min(values.min(), -1e-12), 0.0, max(values.max(), 1e-12)]
        here.contourf(grid_x, grid_y, values, levels=levels, colors=drawing.CLASS_COLOURS, alpha=0.18)
        drawing.points(here, x, y)
        drawing.boundary(here, grid_x, grid_y, values)
        here.scatter(*x[point], marker="*", s=130, color=drawing.BLACK, ec="white", lw=0.8, zorder=4)
        moved = f"moved by {fraction * score:.2f}, {100 * fraction:.0f} % of the score" if fraction else "as trained"
        here.set_title(moved)
    last = axes.flat[-1]
    last.plot(length, gap, color=drawing.BLUE)
    last.axhline(0, color=drawing.BLACK, lw=0.8)
    last.plot([score, score], [0, gap.max()], color=drawing.RED, lw=1, ls="--")
    last.text(score, gap.max(), f"score {score:.2f} ", color=drawing.RED, ha="right", va="top")
    for fraction in fractions:
        last.plot(fraction * score, np.interp(fraction * score, length, gap), "o", color=drawing.BLUE)
    last.set(xlabel="length of the move", ylabel="logit difference", title="the starred point along the path")
    handles = [plt.Line2D([], [], ls="", marker="so"[i], color=c) for i, c in enumerate(drawing.CLASS_COLOURS)]
    figure.legend(handles, classes, loc="outside lower center", ncols=2, title="label (points), prediction (regions)")
    figure.suptitle(f"a move of the {scope}" if scope.startswith("last") else f"a move of {scope}")
    drawing.save(figure, path, dpi)


job.run(plot_boundary_move)
