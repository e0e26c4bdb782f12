"""Figure 6: the points of largest influence on the target's centre, for several recipes."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.data import seed_points
from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.decision_boundary import GRID_X, GRID_Y, LOGITS_GRID
from attribution.files.results.influence import INFLUENCE, STEP_NORM, TARGETS


def plot_relative_influence(
    data: str, influences: list[str], boundaries: list[str], models: list[str], target: int, top: int,
    style: str, dpi: int, path: str,
) -> None:  # fmt: skip
    """Draw a column a recipe; above by influence, below by influence relative to the length of the step.

    Raises:
        ValueError: when influence.h5 has no row for the target's centre.
    """
    x, y, subgroup = hdf5.read(data, X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    name = hdf5.attributes(data)["subgroup_names"][target]
    seed = seed_points.central(x, subgroup, target)
    drawing.use(style)
    figure, axes = plt.subplots(
        2, len(models), figsize=(2.7 * len(models), 2.9), sharex=True, sharey=True, squeeze=False
    )
    for column, (model, influence, boundary) in enumerate(zip(models, influences, boundaries, strict=True)):
        matrix, targets, step_norm = hdf5.read(influence, INFLUENCE, TARGETS, STEP_NORM)
        row = np.flatnonzero(targets == seed)
        if not len(row):
            raise ValueError(f"{influence} has no row for point {seed}; add '{name}' to influence.targets")
        grid = hdf5.read(boundary, GRID_X, GRID_Y, LOGITS_GRID)
        moves = step_norm > 0
        relative = np.where(moves, matrix[row[0]] / np.where(moves, step_norm, 1.0), -np.inf)
        if moves.sum() < top:
            print(
                f"{influence}: only {moves.sum()} points have a gradient that is not zero; {top} are drawn", flush=True
            )
        values = {"influence": matrix[row[0]], "relative influence": relative}
        for line, (label, value) in enumerate(values.items()):
            here = axes[line, column]
            drawing.points(here, x, y, faint=True)
            drawing.boundary(here, *grid)
            order = np.argsort(-value, kind="stable")[:top]
            here.scatter(*x[order].T, c=np.arange(top), s=11, cmap="viridis_r", lw=0)
            drawing.seed(here, x[seed])
            share = (subgroup[order] == target).mean()
            here.set_title(
                f"{model}\n{label}: {share:.0%} in {name}" if line == 0 else f"{label}: {share:.0%} in {name}"
            )
            here.label_outer()
    bar = figure.colorbar(
        plt.cm.ScalarMappable(plt.Normalize(1, top), "viridis_r"), ax=axes, label="rank (1 = most helpful)", shrink=0.6
    )
    bar.ax.invert_yaxis()
    drawing.save(figure, path, dpi)


job.run(plot_relative_influence, target=lambda subgroups, target: subgroups.index(target))
