"""Groups against nearest neighbours in the embedding, over many seeds."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution.drawing import style as drawing
from attribution.evaluation import retrieval

PANELS = (
    ("overlap-euclidean", "share among the nearest\nneighbours (L2)"),
    ("overlap-cosine", "share among the nearest\nneighbours (cosine)"),
    ("same_class", "share of the seed's class"),
)
RESAMPLES, LEVEL = 2000, 0.95


def plot_overlap(table: str, size: int, style: str, dpi: int, path: str) -> None:
    """Draw a panel a metric and a line a method: every seed as a dot, the mean with its bootstrap interval."""
    rows = pd.read_csv(table)
    methods = list(dict.fromkeys(rows.method))
    methods = [m for m in methods if not m.startswith("embedding")] + [m for m in methods if m.startswith("embedding")]
    drawing.use(style)
    figure, axes = plt.subplots(1, len(PANELS), figsize=(8.6, 2.9), sharey=True)
    rng = np.random.default_rng(0)
    for here, (metric, label) in zip(axes, PANELS, strict=True):
        for i, method in enumerate(methods):
            values = rows[(rows.method == method) & (rows.metric == metric)].value.to_numpy()
            if not len(values):
                continue
            here.scatter(values, i + rng.uniform(-0.25, 0.25, len(values)), s=6, color=drawing.SKY, lw=0, alpha=0.8)
            low, high = retrieval.interval(values, RESAMPLES, LEVEL, 0)
            here.errorbar(
                values.mean(), i, xerr=[[values.mean() - low], [high - values.mean()]], fmt="D", color=drawing.BLACK,
                ms=4, capsize=2, lw=1.2,
            )  # fmt: skip
            here.text(1.04, i, f"{values.mean():.2f}", va="center", fontsize=7, transform=here.get_yaxis_transform())
        here.set(xlim=(-0.03, 1.03), xlabel=label)
    axes[0].set_yticks(range(len(methods)), methods)
    axes[0].invert_yaxis()
    figure.suptitle(f"groups of {size} from {rows.seed.nunique()} seeds, without the seed itself")
    drawing.save(figure, path, dpi)


job.run(plot_overlap, table="input.overlap")
