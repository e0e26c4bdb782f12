"""Effects of leaving groups out against what each order predicts."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.ticker import LogLocator, NullLocator, ScalarFormatter

from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.retraining import GROUP_KIND, GROUP_SHARE, METHODS_OF_GROUPS, OWN
from attribution.retraining import predictions as removal
from attribution.retraining import subsets

# what is smaller than this, relative to the largest effect, is left out of sight
DECADES = 1e-8
MARKS = dict(zip(subsets.KINDS, ("o", "s", "^"), strict=True))


def plot_leave_groups_out(removals: list[str], models: list[str], l2: float, style: str, dpi: int, path: str) -> None:
    """Draw a row a truth and a column a method: predicted against true change of the group's own loss.

    Pairs with a change of zero or less cannot stand on logarithmic axes; the title counts the others.
    """
    drawing.use(style)
    rows = [(removals[0], f"convex-{l2:g}", f"last layer of\n{models[0]}, L2 {l2:g}")]
    rows += [(file, "network", model) for file, model in zip(removals, models, strict=True)]
    # one list for all files: their rules read the same settings
    names = list(hdf5.attributes(removals[0])[METHODS_OF_GROUPS])
    figure, axes = plt.subplots(
        len(rows), len(names), figsize=(2.0 * len(names), 2.2 * len(rows)), sharex="row", sharey="row", squeeze=False,
    )  # fmt: skip
    for (file, truth, title), line in zip(rows, axes, strict=True):
        changes, share, kind = hdf5.read(file, f"{truth}/groups/{OWN}", GROUP_SHARE, GROUP_KIND)
        true, kind = changes[0], kind.astype(str)
        for here, method, predicted in zip(line, names, changes[1:], strict=True):
            both = (predicted > 0) & (true > 0)
            for name, mark in MARKS.items():
                at = both & (kind == name)
                shown = here.scatter(
                    predicted[at], true[at], c=100 * share[at], marker=mark, s=14, lw=0, cmap="viridis",
                    norm=LogNorm(100 * share.min(), 100 * share.max()), label=name,
                )  # fmt: skip
            ends = np.array([true[true > 0].min(), true.max()])
            here.plot(ends, ends, color=drawing.RED, lw=1, ls="--", label="equal")
            here.set(xscale="log", yscale="log")
            here.set_xlim(left=max(ends[1] * DECADES, here.get_xlim()[0]))
            here.set_ylim(bottom=max(ends[1] * DECADES, here.get_ylim()[0]))
            for axis in (here.xaxis, here.yaxis):
                axis.set_major_locator(LogLocator(numticks=4))
                axis.set_minor_locator(NullLocator())
            here.set_title(
                f"{method}\n$\\rho$ = {removal.spearman(true, predicted):.2f}, {both.sum()} groups", fontsize=8.5
            )
        line[0].set_ylabel(f"{title}\nchange without the group")
    for here in axes[-1]:
        here.set_xlabel("predicted change")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    bar = figure.colorbar(shown, ax=axes, label="share of the training set left out, %", shrink=0.7)
    bar.ax.yaxis.set_major_formatter(ScalarFormatter())
    bar.set_ticks(sorted(set(np.round(100 * share))))
    bar.ax.minorticks_off()
    drawing.save(figure, path, dpi)


job.run(plot_leave_groups_out)
