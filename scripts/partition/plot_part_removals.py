"""Removal matrices: how the loss on every part changes when another leaves, by every method and control."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np

from attribution.drawing import style as drawing
from attribution.evaluation import part_removals
from attribution.files import hdf5
from attribution.files.results.partition import CHANGES, METHODS, SIZES

ACROSS = 4
FEW = 8  # parts up to which numbers stand in the cells


def plot_part_removals(removals: str, style: str, dpi: int, path: str) -> None:
    """Draw a matrix a method, the mean over repetitions, on one scale, white at no change; controls last."""
    drawing.use(style)
    with hdf5.file(removals) as file:
        names = sorted(file.attrs[METHODS], key=lambda name: file[name].attrs["control"])
        found = {name: (file[name][CHANGES][()].mean(axis=0), file[name][SIZES][()], file[name].attrs["control"])
                 for name in names}  # fmt: skip
    most = max(np.abs(changes).max() for changes, _, _ in found.values())
    down = -(-len(names) // ACROSS)
    figure, axes = plt.subplots(down, ACROSS, figsize=(2.3 * ACROSS, 2.35 * down), squeeze=False)
    for here, (name, (changes, sizes, control)) in zip(axes.flat, found.items(), strict=False):
        image = here.imshow(changes, cmap="PuOr_r", vmin=-most, vmax=most)
        _numbers(here, changes, most)
        ticks = np.arange(len(sizes)) if len(sizes) <= FEW else []
        here.set_xticks(ticks, sizes if len(ticks) else [], fontsize=6)
        here.set_yticks(ticks, sizes if len(ticks) else [], fontsize=6)
        here.grid(False)
        words = name.replace("-untrained", ",\nuntrained").replace("network-gradient-dot", "network-gradient")
        rise = part_removals.own_minus_other(changes).mean()
        here.set_title(f"{words}{' (control)' if control else ''}: {rise:.1f}", fontsize=7.5)
    for here in axes.flat[len(names) :]:
        here.remove()
    for here in axes[:, 0]:
        here.set_ylabel("part that leaves,\nby its points", fontsize=7)
    figure.colorbar(image, ax=list(axes.flat[: len(names)]), label="change of the loss", fraction=0.03, pad=0.02)
    drawing.save(figure, path, dpi)


def _numbers(here, changes: np.ndarray, most: float) -> None:
    for row, column in np.ndindex(changes.shape) if len(changes) <= FEW else []:
        value = changes[row, column]
        # no minus before a rounded zero
        text = f"{value + 0.0 if abs(value) >= 0.05 else 0.0:.1f}"
        colour = "white" if abs(value) > 0.6 * most else "black"
        here.text(column, row, text, ha="center", va="center", fontsize=6, color=colour)


job.run(plot_part_removals)
