"""Leave-one-out by refitting and by retraining against influence / n."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.retraining import METHODS_OF_ONE, OWN, TEST


def plot_leave_one_out(
    removals: list[str], tables: list[str], models: list[str], l2: float, style: str, dpi: int, path: str
) -> None:
    """Draw a row for the convex truth of the first model and one for each real network; left own losses, right test.

    Args:
        removals, tables: removals.h5 and removals.csv of each model. l2: penalty of the convex truth that is shown.
    """
    drawing.use(style)
    rows = [(removals[0], tables[0], f"convex-{l2:g}", f"last layer of {models[0]}, L2 {l2:g}")]
    rows += [(*files, "network", model) for *files, model in zip(removals, tables, models, strict=True)]
    figure, axes = plt.subplots(len(rows), 2, figsize=(7.4, 2.55 * len(rows)), squeeze=False)
    for (file, csv, truth, title), (left, right) in zip(rows, axes, strict=True):
        own, test = hdf5.read(file, f"{truth}/one/{OWN}", f"{truth}/one/{TEST}")
        table, method = pd.read_csv(csv), hdf5.attributes(file)[METHODS_OF_ONE][0]
        for here, (true, predicted), target in ((left, own[:2], OWN), (right, test[:2], TEST)):
            chosen = table[(table.truth == truth) & (table.target == target) & (table.metric == "pearson")
                           & (table.share < 2 / own.shape[1])]  # fmt: skip
            found = chosen.groupby("method")["value"].mean()
            if target == OWN:
                # own losses span decades; a change of zero or less cannot stand on logarithmic axes
                shown = (true > 0) & (predicted > 0)
                here.scatter(predicted[shown], true[shown], s=8, color=drawing.BLUE, alpha=0.6, lw=0)
                ends = np.array([predicted[shown].min(), predicted.max()])
                here.set(xscale="log", yscale="log")
                # effects far below rounding of the losses are out of sight
                here.set_xlim(left=max(ends[1] * 1e-12, here.get_xlim()[0]))
                here.set_ylim(bottom=max(true.max() * 1e-12, here.get_ylim()[0]))
            else:
                here.hexbin(
                    predicted.ravel(), true.ravel(), gridsize=60, bins="log", mincnt=1, cmap="cividis_r", lw=0.1
                )
                ends = np.array([predicted.min(), predicted.max()], dtype=float)
                here.locator_params(axis="x", nbins=5)
            here.plot(ends, ends, color=drawing.RED, lw=1, ls="--", label="equal")
            words = [f"r = {found[method]:.3f}"]
            if "trained again" in found:
                words.append(f"noise floor r = {found['trained again']:.3f}")
            kind = f"own loss, {shown.sum()} shown" if target == OWN else "test losses"
            here.set_title(f"{title}\n{kind}: " + ", ".join(words))
            here.set(xlabel=method, ylabel="change without the point")
    axes[0, 0].legend(loc="upper left")
    drawing.save(figure, path, dpi)


job.run(plot_leave_one_out)
