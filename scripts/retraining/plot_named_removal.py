"""What the test losses do without the points that the user names, beside random sets of as many."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution.drawing import style as drawing
from attribution.retraining import named

WORDS = {named.RANDOM: "random points", named.RANDOM_CLASS: "random points of the same classes"}
SHOWN = 30  # classes, those whose losses change most


def plot_named_removal(table: str, style: str, dpi: int, path: str) -> None:
    """Draw a row a class of test points, all of them first: a dot a random set, a diamond the named points.

    Args:
        table: named_removal_draws.csv.
    """
    found = pd.read_csv(table, dtype={"class": str}, keep_default_na=False)
    of_named = found[found.set == named.NAMED].set_index("class")
    largest = of_named.drop(index=named.ALL).change.abs().nlargest(SHOWN).index
    classes = [named.ALL, *(name for name in of_named.index if name in largest)]
    drawing.use(style)
    figure, here = plt.subplots(figsize=(6.2, 0.9 + 0.34 * len(classes)))
    for place, (control, words) in zip((-0.16, 0.16), WORDS.items(), strict=True):
        of_control = found[found.set == control]
        colour = drawing.BLUE if control == named.RANDOM else drawing.ORANGE
        for row, name in enumerate(classes):
            changes = of_control[of_control["class"] == name].change
            label = words if row == 0 else None
            here.plot(changes, np.full(len(changes), row + place), "o", ms=2.5, color=colour, alpha=0.6, label=label)
    here.plot(of_named.change[classes], range(len(classes)), "D", ms=5, color=drawing.RED, label="the points named")
    here.axvline(0, color=drawing.FAINT, lw=0.8, zorder=0)
    counts = of_named.points[classes]
    here.set_yticks(range(len(classes)), [f"{name[:30]} ({count})" for name, count in counts.items()])
    here.invert_yaxis()
    here.set(xlabel="change of the mean test loss without them, nats", ylabel="class of the test points")
    here.legend(loc="upper center", bbox_to_anchor=(0.4, -0.9 / len(classes) - 0.12), ncols=3, fontsize=7)
    drawing.save(figure, path, dpi)


job.run(plot_named_removal)
