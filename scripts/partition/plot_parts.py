"""The training set in the plane, divided by every method: which parts, and what they did to the network."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt

from attribution.drawing import ends, part_numbers
from attribution.drawing import style as drawing
from attribution.evaluation import part_removals
from attribution.files import hdf5
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.partition import CHANGES, LABELS, METHODS

ACROSS = 4
BELOW = 2.4  # inches of the criterion's curves


def plot_parts(data: str, partition: str, removals: str, style: str, dpi: int, path: str) -> None:
    """Draw a panel a method, controls last; parts go by colour and marker, points of class 0 are hollow.

    Where a criterion chose how many parts there are, its curves by every method stand below.

    Raises:
        ValueError: where the data is no plane.
    """
    x, y = hdf5.read(data, X_TRAIN, Y_TRAIN)
    if not ends.in_plane(x):
        raise ValueError(f"{data} has samples of shape {x.shape[1:]}, and parts are drawn of points in a plane only")
    drawing.use(style)
    with hdf5.file(partition) as divided, hdf5.file(removals) as left:
        names = sorted(divided.attrs[METHODS], key=lambda name: divided[name].attrs["control"])
        down = -(-len(names) // ACROSS)
        across, up = x.max(axis=0) - x.min(axis=0)
        height = 2.2 * up / across + 0.55
        curves = part_numbers.read(divided)
        below = BELOW if curves else 0
        figure = plt.figure(figsize=(2.4 * ACROSS, down * height + below))
        planes, foot = figure.subfigures(2, 1, height_ratios=(down * height, below)) if curves else (figure, None)
        axes = planes.subplots(down, ACROSS, sharex=True, sharey=True, squeeze=False)
        for here, name in zip(axes.flat, names, strict=False):
            _panel(here, x, y, divided[name][LABELS][()])
            rise = part_removals.own_minus_other(left[name][CHANGES][()]).mean()
            words = name.replace("-untrained", ",\nuntrained").replace("network-gradient-dot", "network-gradient")
            kind = " (control)" if divided[name].attrs["control"] else ""
            here.set_title(f"{words}{kind}: {rise:.1f}", fontsize=7.5)
    for here in axes.flat[len(names) :]:
        here.remove()
    # the lowest panel of each column
    for here in axes.flat[max(len(names) - ACROSS, 0) : len(names)]:
        here.set_xlabel("$x_1$")
        here.tick_params(labelbottom=True)
    for here in axes[:, 0]:
        here.set_ylabel("$x_2$")
    if curves:
        part_numbers.curves(foot.subplots(), {name: curves[name] for name in names if name in curves})
    drawing.save(figure, path, dpi)


def _panel(here, x, y, labels) -> None:
    for part in range(labels.max() + 1):
        colour, marker = part_numbers.LOOKS[part % len(part_numbers.LOOKS)]
        for label, face in ((0, "none"), (1, colour)):
            chosen = x[(labels == part) & (y == label)]
            here.scatter(*chosen.T, s=8, marker=marker, facecolors=face, edgecolors=colour, lw=0.6)
    here.set_aspect("equal")


job.run(plot_parts)
