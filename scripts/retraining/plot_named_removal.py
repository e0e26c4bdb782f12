"""What the test losses do without the points that the user names, beside random sets of as many."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution.drawing import style as drawing
from attribution.retraining import named

WORDS = {named.RANDOM: "random points", named.RANDOM_CLASS: "random points of the same classes"}
TITLES = {named.LAST_LAYER: "last layer refitted", named.NETWORK: "whole network trained again"}
SHOWN = 30  # classes, those whose losses change most


def plot_named_removal(table: str, style: str, dpi: int, path: str) -> None:
    """Draw a row a class of test points, all of them first, and a panel for each part that was trained again: a dot a
    random set, a diamond the named points.

    Args:
        table: named_removal_draws.csv.
    """
    found = pd.read_csv(table, dtype={"class": str}, keep_default_na=False)
    parts = [part for part in TITLES if part in set(found.retrained)]
    of_named = found[found.set == named.NAMED]
    sizes = of_named[of_named["class"] != named.ALL].assign(change=lambda table: table.change.abs())
    largest = sizes.groupby("class", sort=False).change.max()
    shown = set(largest.nlargest(SHOWN).index)
    classes = [named.ALL, *(name for name in largest.index if name in shown)]
    counts = of_named.drop_duplicates("class").set_index("class").points[classes]
    drawing.use(style)
    size = (2.6 + 3.6 * len(parts), 0.9 + 0.34 * len(classes))
    figure, axes = plt.subplots(1, len(parts), figsize=size, sharey=True, squeeze=False)
    for here, part in zip(axes[0], parts, strict=True):
        _panel(here, found[found.retrained == part], classes)
        here.set(title=TITLES[part], xlabel="change of the mean test loss without them, nats")
    first = axes[0, 0]
    first.set_yticks(range(len(classes)), [f"{name[:30]} ({count})" for name, count in counts.items()])
    first.invert_yaxis()
    first.set_ylabel("class of the test points")
    figure.legend(*first.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=7)
    drawing.save(figure, path, dpi)


def _panel(here: plt.Axes, found: pd.DataFrame, classes: list[str]) -> None:
    """Dots and diamonds of one part that was trained again."""
    for place, (control, words) in zip((-0.16, 0.16), WORDS.items(), strict=True):
        of_control = found[found.set == control]
        colour = drawing.BLUE if control == named.RANDOM else drawing.ORANGE
        for row, name in enumerate(classes):
            changes = of_control[of_control["class"] == name].change
            label = words if row == 0 else None
            here.plot(changes, np.full(len(changes), row + place), "o", ms=2.5, color=colour, alpha=0.6, label=label)
    of_named = found[found.set == named.NAMED].set_index("class").change
    here.plot(of_named[classes], range(len(classes)), "D", ms=5, color=drawing.RED, label="the points named")
    here.axvline(0, color=drawing.FAINT, lw=0.8, zorder=0)


job.run(plot_named_removal)
