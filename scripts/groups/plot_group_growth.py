"""Figure 7: influence of random groups on themselves against their size."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.growth import DRAWS, SIZES
from attribution.groups import growth

LOOKS = {
    "boundary-target": (drawing.RED, "-", "v"),
    "boundary-other": (drawing.ORANGE, "-", "^"),
    "boundary": (drawing.BLACK, "-", "D"),
    "target": (drawing.PINK, "--", "o"),
    "other": (drawing.SKY, "--", "o"),
    "class": (drawing.GREEN, "--", "s"),
    "all": (drawing.BLUE, ":", "x"),
}


def plot_group_growth(path_growth: str, titles: dict, style: str, dpi: int, path: str) -> None:
    """Draw total and normalised influence, median over draws with the band from the 10th to the 90th percentile.

    Args:
        titles: pool of `growth.POOLS` -> legend.
    """
    (sizes,) = hdf5.read(path_growth, SIZES)
    drawing.use(style)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.8, 3.4))
    for pool in growth.POOLS:
        (draws,) = hdf5.read(path_growth, f"{DRAWS}/{pool}")
        reached = ~np.isnan(draws).any(axis=0)
        colour, dash, marker = LOOKS[pool]
        for axes, values in ((left, draws * sizes), (right, draws)):
            low, middle, high = np.percentile(values[:, reached], [10, 50, 90], axis=0)
            axes.plot(sizes[reached], middle, dash, color=colour, marker=marker, label=titles[pool])
            axes.fill_between(sizes[reached], low, high, color=colour, alpha=0.15, lw=0)
    left.set(xlabel="group size", ylabel="group influence I(G, G)")
    right.set(xlabel="group size", ylabel="normalised influence I(G, G) / |G|")
    for axes in (left, right):
        # a group that holds no point near the boundary is smaller by tens of decades: four decades are shown
        top = axes.dataLim.ymax
        axes.set(xscale="log", yscale="log", ylim=(top * 1e-4, top * 2))
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    drawing.save(figure, path, dpi)


job.run(plot_group_growth, path_growth="input.growth")
