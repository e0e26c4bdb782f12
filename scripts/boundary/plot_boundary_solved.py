"""Share of points whose boundary was found, and the steps it took, by class and scope."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.boundary import INDEX, SOLVED, STEPS
from attribution.files.results.data import Y_TRAIN

MARKERS = "os^Dv"


def plot_boundary_solved(data: str, boundaries: list[str], scopes: list[str], style: str, dpi: int, path: str) -> None:
    """Draw a row a class, in each row a mark a file; the last row is all classes together."""
    (y,) = hdf5.read(data, Y_TRAIN)
    classes = [str(name) for name in hdf5.attributes(data)["class_names"]]
    drawing.use(style)
    rows = len(classes) + 1
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 1.3 + 0.27 * rows), sharey=True)
    spread = np.linspace(-0.2, 0.2, len(boundaries)) if len(boundaries) > 1 else [0.0]
    lowest = 100.0
    colours = (drawing.BLUE, drawing.RED, drawing.GREEN, drawing.PINK, drawing.ORANGE)
    for name, scope, shift, colour, mark in zip(boundaries, scopes, spread, colours, MARKERS, strict=False):
        index, solved, steps = hdf5.read(name, INDEX, SOLVED, STEPS)
        label = y[index]
        chosen = [label == c for c in range(len(classes))] + [np.ones(len(label), bool)]
        text = f"{scope}: {solved.sum()} of {len(solved)} solved, {steps.mean():.1f} steps on average"
        places = np.arange(rows) + shift
        # a class that was not drawn has no share
        share = [100 * solved[part].mean() if part.any() else np.nan for part in chosen]
        lowest = min(lowest, np.nanmin(share))
        axes[0].plot(share, places, mark, color=colour, label=text)
        middle = np.array([np.percentile(steps[part], (5, 50, 95)) if part.any() else [np.nan] * 3 for part in chosen])
        axes[1].errorbar(
            middle[:, 1], places, xerr=[middle[:, 1] - middle[:, 0], middle[:, 2] - middle[:, 1]], fmt=mark,
            color=colour, capsize=2, lw=1.2,
        )  # fmt: skip
    axes[0].set_yticks(range(rows), [*classes, "all"])
    axes[0].set_ylim(rows - 0.5, -0.5)
    axes[0].set(xlabel="points solved, %")
    axes[0].set_xlim(min(98.0, lowest - 1), 100.2)
    axes[0].xaxis.set_major_locator(MaxNLocator(5))
    axes[1].set(xlabel="steps")
    axes[1].set_xlim(0, max(2.0, axes[1].get_xlim()[1]))
    axes[1].xaxis.set_major_locator(MaxNLocator(integer=True))
    for here in axes:
        here.grid(axis="y", color=drawing.FAINT, lw=0.5)
        here.set_axisbelow(True)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center")
    drawing.save(figure, path, dpi)


job.run(plot_boundary_solved)
