"""Time and memory of every job beside what was asked for it, a line a rule."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import ticker

from attribution.drawing import style as drawing

PANELS = (
    ("seconds", "asked_minutes", 60, "time of a job (s)"),
    ("peak_mb", "asked_mb", 1, "largest memory of a job (MB)"),
)


def plot_history(table: str, style: str, dpi: int, path: str) -> None:
    """Draw a line a rule, those of most time above: a dot a job, and where known a stroke for what it asked for."""
    found = pd.read_csv(table)
    rules = found.groupby("rule")["seconds"].sum().sort_values().index
    drawing.use(style)
    figure, axes = plt.subplots(1, 2, figsize=(9, 1.2 + 0.19 * len(rules)), sharey=True, layout="constrained")
    line = found["rule"].map({rule: place for place, rule in enumerate(rules)}).to_numpy(dtype=float)
    for here, (used, asked, unit, words) in zip(axes, PANELS, strict=True):
        took, limit = found[used].to_numpy(dtype=float), unit * found[asked].to_numpy(dtype=float)
        here.scatter(took, line, s=14, color=drawing.BLUE, alpha=0.6, lw=0, label="used, a dot a job", zorder=3)
        here.scatter(limit, line, s=60, marker="|", color=drawing.RED, lw=1.4, label="asked for", zorder=2)
        here.set(
            xscale="log", xlabel=words, yticks=np.arange(len(rules)), yticklabels=rules, ylim=(-0.7, len(rules) - 0.3)
        )
        here.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5), numticks=12))
        here.xaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
        here.xaxis.set_minor_locator(ticker.NullLocator())
        here.grid(axis="y", lw=0.4, color=drawing.FAINT)
        here.set_axisbelow(True)
    axes[0].tick_params(axis="y", labelsize=7)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False)
    drawing.save(figure, path, dpi)


job.run(plot_history, style="input.style")
