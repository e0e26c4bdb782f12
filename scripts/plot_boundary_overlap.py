"""Groups by boundary scores, by influence and by embedding: what they share and what they recover."""

from attribution import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution import drawing, retrieval

PANELS = {
    "same_class": "share of the seed's class",
    "same_subgroup": "share of the seed's subgroup",
    "overlap-embedding-cosine": "share in the seed's group\nby embedding",
    "overlap-l-relative": "share in the seed's group\nby l-relative influence",
    "partner": "near-duplicate found",
}
RESAMPLES, LEVEL = 2000, 0.95


def plot_boundary_overlap(table: str, size: int, style: str, dpi: int, path: str) -> None:
    """Draw a panel a metric and a line a method: mean over seeds with its bootstrap interval."""
    rows = pd.read_csv(table)
    methods, metrics = list(dict.fromkeys(rows.method)), [m for m in PANELS if m in set(rows.metric)]
    drawing.use(style)
    figure, axes = plt.subplots(1, len(metrics), figsize=(1.2 + 2.1 * len(metrics), 3.0), sharey=True)
    for here, metric in zip(axes, metrics, strict=True):
        for i, method in enumerate(methods):
            values = rows[(rows.method == method) & (rows.metric == metric)].value.to_numpy()
            if not len(values):
                continue
            mean, colour = values.mean(), drawing.RED if method.startswith("boundary") else drawing.BLUE
            low, high = retrieval.interval(values, RESAMPLES, LEVEL, 0) if np.ptp(values) else (mean, mean)
            here.errorbar(mean, i, xerr=[[mean - low], [high - mean]], fmt="o", color=colour, capsize=2)
            here.text(1.04, i, f"{mean:.2f}", va="center", fontsize=7, transform=here.get_yaxis_transform())
        here.set(xlim=(-0.03, 1.03), xlabel=PANELS[metric])
        here.grid(axis="y", color=drawing.FAINT, lw=0.5)
        here.set_axisbelow(True)
    axes[0].set_yticks(range(len(methods)), methods)
    axes[0].invert_yaxis()
    figure.suptitle(f"groups of {size} from {rows.seed.nunique()} seeds, without the seed itself")
    drawing.save(figure, path, dpi)


if "snakemake" in globals():
    plot_boundary_overlap(
        snakemake.input.table, snakemake.params.size, snakemake.input.style, snakemake.params.dpi, snakemake.output.png
    )
