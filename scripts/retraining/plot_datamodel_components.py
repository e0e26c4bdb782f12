"""Figure 10: principal components of the datamodels, by retraining and by the influence approximation."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.drawing import ends
from attribution.drawing import images as pictures
from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.datamodels import WEIGHTS
from attribution.retraining import datamodels

COLOURS = (drawing.RED, drawing.ORANGE, drawing.BLUE, drawing.GREEN, drawing.PINK, drawing.SKY, drawing.BLACK)
# one a subgroup: the colours once more with other marks
LOOKS = tuple(zip(COLOURS * 2, "<>sDo^vPX*ho^s", strict=True))


def plot_datamodel_components(
    data: str, weights: dict, alpha: float, subsets: int, extremes: int, style: str, dpi: int, path: str
) -> None:
    """Draw a row an estimator: the first factorial plane by subgroup, and for each of its two components the points of
    largest and smallest coordinate, on the data's own plane or as images; of other data the factorial plane alone.

    Args:
        weights: estimator -> file of its datamodels. extremes: points shown at each end of a component.
    """
    x, y, subgroup = hdf5.read(data, X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    facts = hdf5.attributes(data)
    subgroup_names = facts["subgroup_names"]
    plane, images = ends.in_plane(x), pictures.are_images(x)
    drawing.use(style)
    if plane or images:
        figure, axes = plt.subplots(len(weights), 3, figsize=(8.6 if plane else 9.6, 2.2 * len(weights)),
                                    squeeze=False, width_ratios=[1, 1.5, 1.5] if plane else [1, 1.7, 1.7])  # fmt: skip
    else:
        figure, axes = plt.subplots(len(weights), 1, figsize=(4.2, 2.6 * len(weights)), squeeze=False)
    for (estimator, file), line in zip(weights.items(), axes, strict=True):
        (found,) = hdf5.read(file, WEIGHTS)
        points, variance = datamodels.embedding(found[: len(x)], 2)
        for number, name in enumerate(subgroup_names):
            (colour, mark), at = LOOKS[number % len(LOOKS)], subgroup == number
            line[0].scatter(*points[at].T, s=9, color=colour, marker=mark, alpha=0.7, lw=0, label=name)
        line[0].set_title(f"{estimator}: factorial plane")
        line[0].set(xlabel=f"component 1 ({variance[0]:.0%})", ylabel=f"component 2 ({variance[1]:.0%})")
        for component, here in enumerate(line[1:]):
            order = np.argsort(points[:, component], kind="stable")
            if plane:
                ends.of_plane(here, x, y, x, order[-extremes:], order[:extremes])
            else:
                pictures.canvas(here, extremes, 2)
                texts = {point: facts["class_names"][y[point]] for point in (*order[-extremes:], *order[:extremes])}
                ends.of_images(here, x, texts, order[-extremes:][::-1], order[:extremes])
            here.set_title(f"{estimator}: ends of component {component + 1}")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    if plane:
        more = axes[0, 1].get_legend_handles_labels()
        handles, labels = handles + more[0], labels + more[1]
    figure.legend(handles, labels, loc="outside lower center", ncols=5, markerscale=1.3)
    figure.suptitle(f"{subsets} subsets of {alpha:g} n", fontsize=10)
    drawing.save(figure, path, dpi)


job.run(plot_datamodel_components, weights=lambda estimators, weights: dict(zip(estimators, weights, strict=True)))
