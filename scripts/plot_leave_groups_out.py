"""Effects of leaving groups out against what each order predicts."""

from attribution import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])

import matplotlib.pyplot as plt
import numpy as np

from attribution import drawing, h5, names, removal, subsets

MARKS = dict(zip(subsets.KINDS, ("o", "s", "^"), strict=True))


def plot_leave_groups_out(removals: list[str], models: list[str], l2: float, style: str, dpi: int, path: str) -> None:
    """Draw a row a truth and a column a method: predicted against true change of the group's own loss, log scales."""
    drawing.use(style)
    rows = [(removals[0], f"convex-{l2:g}", f"last layer of\n{models[0]}, L2 {l2:g}")]
    rows += [(file, "network", model) for file, model in zip(removals, models, strict=True)]
    figure, axes = plt.subplots(
        len(rows), len(removal.METHODS), figsize=(2.0 * len(removal.METHODS), 2.2 * len(rows)), sharex="row",
        sharey="row", squeeze=False,
    )  # fmt: skip
    for (file, truth, title), line in zip(rows, axes, strict=True):
        changes, share, kind = h5.read(file, f"{truth}/groups/{names.OWN}", names.GROUP_SHARE, names.GROUP_KIND)
        true, kind = changes[0], kind.astype(str)
        size = np.abs(true).max()
        for here, method, predicted in zip(line, removal.METHODS, changes[1:], strict=True):
            for name, mark in MARKS.items():
                at = kind == name
                shown = here.scatter(
                    predicted[at], true[at], c=100 * share[at], marker=mark, s=14, lw=0, cmap="viridis",
                    norm=plt.matplotlib.colors.LogNorm(100 * share.min(), 100 * share.max()), label=name,
                )  # fmt: skip
            # symmetric logarithmic axes: effects span decades and some are negative
            here.set_xscale("symlog", linthresh=size * 1e-4)
            here.set_yscale("symlog", linthresh=size * 1e-4)
            ends = np.geomspace(size * 1e-5, size, 50)
            here.plot(ends, ends, color=drawing.RED, lw=1, ls="--", label="equal")
            here.set_title(f"{method}\nrank correlation {removal.spearman(true, predicted):.2f}")
            here.xaxis.set_major_locator(plt.matplotlib.ticker.SymmetricalLogLocator(base=100, linthresh=size * 1e-4))
            here.yaxis.set_major_locator(plt.matplotlib.ticker.SymmetricalLogLocator(base=100, linthresh=size * 1e-4))
        line[0].set_ylabel(f"{title}\nchange without the group")
    for here in axes[-1]:
        here.set_xlabel("predicted change")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    figure.colorbar(shown, ax=axes, label="share of the training set left out, %", shrink=0.7)
    drawing.save(figure, path, dpi)


if "snakemake" in globals():
    plot_leave_groups_out(
        list(snakemake.input.removals),
        snakemake.params.models,
        snakemake.params.l2,
        snakemake.input.style,
        snakemake.params.dpi,
        snakemake.output.png,
    )
