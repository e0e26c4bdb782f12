"""Figure 2 of datamodels on the study's data: principal components of attributions, by retraining and by a method."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution.drawing import ends
from attribution.drawing import images as pictures
from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.influence import TARGETS
from attribution.methods.scores import PAIRS
from attribution.retraining import datamodels

LOOKS = tuple(zip(
    (drawing.BLUE, drawing.RED, drawing.GREEN, drawing.ORANGE, drawing.PINK, drawing.SKY, drawing.BLACK), "osD^vP*",
    strict=True))  # fmt: skip
COMPONENTS = 2


def plot_attribution_components(
    data: str, retrained: str, attributions: str, table: str, method: str, extremes: int, style: str, dpi: int,
    path: str,
) -> None:  # fmt: skip
    """Draw a row an attribution: the test points in its first two components, and those at the ends of each; below, how
    alike the two place the test points, against the number of subsets that datamodels are fitted on.

    Args:
        retrained: attributions of ridge datamodels. attributions: of the method. table: of `measure_embeddings`.
        extremes: test points at each end.

    Raises:
        ValueError: where the data is neither images nor points of a plane.
    """
    (asked,) = hdf5.read(retrained, TARGETS)
    class_names = hdf5.attributes(data)["class_names"]
    drawing.use(style)
    with hdf5.opened(data, X_TRAIN, Y_TRAIN, X_TEST, Y_TEST) as (x, y, x_test, y_test):
        plane = ends.in_plane(x)
        if not plane:
            pictures.require_images(data, x)
        figure = plt.figure(figsize=(9.4, 7.4 if plane else 8.4))
        grid = figure.add_gridspec(3, 3, width_ratios=[1, 1.45, 1.45] if plane else [1, 1.3, 1.3],
                                   height_ratios=[1, 1, 0.85])  # fmt: skip
        placed = []
        labels, shown = y_test[()][asked], pictures.rows_of(x_test, asked)
        for line, (name, file) in enumerate((("datamodel-ridge", retrained), (method, attributions))):
            (pairs,) = hdf5.read(file, PAIRS)
            points, variance = datamodels.embedding(pairs, COMPONENTS)
            placed.append(points)
            # components have no sign of their own: that of the datamodels'
            points = points * np.where((points * placed[0]).sum(axis=0) < 0, -1, 1)
            first = figure.add_subplot(grid[line, 0])
            for number, label in enumerate(np.unique(labels)):
                colour, mark = LOOKS[number % len(LOOKS)]
                first.scatter(*points[labels == label].T, s=16, color=colour, marker=mark, alpha=0.75, lw=0,
                              label=class_names[label])  # fmt: skip
            first.locator_params(nbins=4)
            first.set_title(name, loc="left")
            first.set(xlabel=f"component 1 ({variance[0]:.0%})", ylabel=f"component 2 ({variance[1]:.0%})")
            for component in range(COMPONENTS):
                here = figure.add_subplot(grid[line, 1 + component])
                positive, negative = ends.order(points[:, component], extremes)
                if plane:
                    ends.of_plane(here, x[()], y[()], shown, positive, negative)
                else:
                    pictures.canvas(here, extremes, 2)
                    texts = {point: class_names[labels[point]] for point in (*positive, *negative)}
                    ends.of_images(here, shown, texts, positive, negative)
                here.set_title(f"ends of component {component + 1}", loc="left")
    named = {}
    for axes in figure.axes[: 2 if plane else 1]:
        named |= dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    below = figure.add_subplot(grid[2, :])
    _agreement(below, pd.read_csv(table), method)
    figure.legend(
        named.values(), named.keys(), loc="outside lower center", ncols=6, markerscale=1.2, title="test points"
    )
    drawing.save(figure, path, dpi)


def _agreement(axes, rows: pd.DataFrame, method: str) -> None:
    """Lines of the table: the method against datamodels on so many subsets, and these against those on all."""
    looks = {method: (drawing.RED, "s-", f"{method} against datamodels on so many subsets")}
    if method != "datamodel-ridge":
        looks["datamodel-ridge"] = (drawing.GREEN, "D--", "these datamodels against those on all subsets")
    for name, (colour, mark, words) in looks.items():
        line = rows[rows.method == name].sort_values("subsets")
        error = np.clip([line.agreement - line.low, line.high - line.agreement], 0, None)
        axes.errorbar(line.subsets, line.agreement, yerr=error, fmt=mark, color=colour, capsize=2, lw=1.2, label=words)
    axes.axhline(0, color=drawing.FAINT, lw=1, zorder=0)
    counts = sorted(rows.subsets.unique())
    axes.set(xlabel="subsets that datamodels are fitted on", ylabel="rank correlation of\ndistances of test points")
    axes.set(xscale="log", ylim=(min(-0.05, rows.low.min() - 0.05), 1.05))
    axes.set_xlim(counts[0] / 1.15, counts[-1] * 1.15)
    axes.set_xticks(counts, [f"{count:g}" for count in counts])
    axes.minorticks_off()
    axes.legend(loc="lower right")


job.run(plot_attribution_components, method="wildcards.method")
