"""Groups by boundary scores, by influence and by embedding: what they share and what they recover."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution.drawing import style as drawing
from attribution.evaluation import retrieval

PANELS = {
    "found": "share of the members\nasked for",
    "same_class": "share of the\nseed's class",
    "same_subgroup": "share of the\nseed's subgroup",
    "overlap-embedding-cosine": "share in its group\nby embedding",
    "overlap-l-relative": "share in its group\nby l-relative",
    "partner": "near-duplicate\nfound",
}
RESAMPLES, LEVEL = 2000, 0.95


def plot_boundary_overlap(table: str, size: int, forms: dict, style: str, dpi: int, path: str) -> None:
    """Draw a panel a metric and a line a method: mean over seeds with its bootstrap interval.

    Args:
        table: boundary_overlap.csv. size: of the groups. forms: which candidates each boundary form had.
    """
    rows = pd.read_csv(table)
    methods, metrics = list(dict.fromkeys(rows.method)), [m for m in PANELS if m in set(rows.metric)]
    drawing.use(style)
    figure, axes = plt.subplots(1, len(metrics), figsize=(1.6 + 1.75 * len(metrics), 4.0), sharey=True)
    for here, metric in zip(axes, metrics, strict=True):
        for i, method in enumerate(methods):
            values = rows[(rows.method == method) & (rows.metric == metric)].value.to_numpy()
            if not len(values):
                continue
            mean, colour = values.mean(), drawing.RED if method.startswith("boundary") else drawing.BLUE
            low, high = retrieval.interval(values, RESAMPLES, LEVEL, 0) if np.ptp(values) else (mean, mean)
            here.errorbar(mean, i, xerr=[[mean - low], [high - mean]], fmt="o", color=colour, capsize=2)
            here.text(1.03, i, f"{mean:.2f}", va="center", fontsize=6.5, transform=here.get_yaxis_transform())
        here.set(xlim=(-0.03, 1.03), xlabel=PANELS[metric])
        here.grid(axis="y", color=drawing.FAINT, lw=0.5)
        here.set_axisbelow(True)
    axes[0].set_yticks(range(len(methods)), [label(method, forms) for method in methods])
    axes[0].invert_yaxis()
    figure.suptitle(f"groups of {size} from {rows.seed.nunique()} seeds, without the seed itself")
    drawing.save(figure, path, dpi)


def label(method: str, forms: dict) -> str:
    """The method's name, of a boundary form with the points that could join."""
    chosen = forms.get(method.removeprefix("boundary-"))
    if not method.startswith("boundary-") or chosen is None or chosen["from"] == "all":
        return method
    among = "own class" if chosen["from"] == "class" else f"{chosen['count']} by {chosen['from']}"
    return f"{method}\n(among {among})"


job.run(plot_boundary_overlap)
