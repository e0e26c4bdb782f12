"""Figure 10: principal components of the datamodels, by retraining and by the influence approximation."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.datamodels import WEIGHTS
from attribution.retraining import datamodels

LOOKS = ((drawing.RED, "<"), (drawing.ORANGE, ">"), (drawing.BLUE, "s"), (drawing.GREEN, "D"))


def plot_datamodel_components(
    data: str, weights: dict, alpha: float, subsets: int, extremes: int, style: str, dpi: int, path: str
) -> None:
    """Draw a row an estimator: the first factorial plane by subgroup, and for each of its two components the points of
    largest and smallest coordinate on the data's own plane.

    Args:
        weights: estimator -> file of its datamodels. extremes: points shown at each end of a component.
    """
    x, y, subgroup = hdf5.read(data, X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    subgroup_names = hdf5.attributes(data)["subgroup_names"]
    drawing.use(style)
    figure, axes = plt.subplots(len(weights), 3, figsize=(8.6, 2.2 * len(weights)), squeeze=False,
                                width_ratios=[1, 1.5, 1.5])  # fmt: skip
    for (estimator, file), line in zip(weights.items(), axes, strict=True):
        (found,) = hdf5.read(file, WEIGHTS)
        points, variance = datamodels.embedding(found[: len(x)], 2)
        for number, (name, (colour, mark)) in enumerate(zip(subgroup_names, LOOKS, strict=False)):
            at = subgroup == number
            line[0].scatter(*points[at].T, s=9, color=colour, marker=mark, alpha=0.7, lw=0, label=name)
        line[0].set_title(f"{estimator}: factorial plane")
        line[0].set(xlabel=f"component 1 ({variance[0]:.0%})", ylabel=f"component 2 ({variance[1]:.0%})")
        for component, here in enumerate(line[1:]):
            drawing.points(here, x, y, faint=True)
            order = np.argsort(points[:, component], kind="stable")
            here.scatter(*x[order[-extremes:]].T, s=26, marker="^", color=drawing.BLACK, lw=0, label="most positive")
            here.scatter(*x[order[:extremes]].T, s=26, marker="v", color=drawing.PINK, lw=0, label="most negative")
            here.set_title(f"{estimator}: ends of component {component + 1}")
    handles, labels = (a + b for a, b in zip(
        axes[0, 0].get_legend_handles_labels(), axes[0, 1].get_legend_handles_labels(), strict=True))  # fmt: skip
    figure.legend(handles, labels, loc="outside lower center", ncols=5, markerscale=1.3)
    figure.suptitle(f"{subsets} subsets of {alpha:g} n", fontsize=10)
    drawing.save(figure, path, dpi)


job.run(plot_datamodel_components, weights=lambda estimators, weights: dict(zip(estimators, weights, strict=True)))
