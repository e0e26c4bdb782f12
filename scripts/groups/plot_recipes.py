"""Precision of Algorithm 1 for every selection rule and recipe, with its spread over training seeds."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution.drawing import style as drawing


def plot_recipes(table: str, target: str, models: list[str], style: str, dpi: int, path: str) -> None:
    """Draw a cell a method and recipe: median precision, and smallest to largest over seeds."""
    rows = pd.read_csv(table)
    rows = rows[rows.metric == "precision"]
    methods = list(dict.fromkeys(rows.method))
    grouped = rows.groupby(["method", "model"])["value"]
    middle = grouped.median().unstack().loc[methods, models]
    low, high = grouped.min().unstack().loc[methods, models], grouped.max().unstack().loc[methods, models]
    drawing.use(style)
    figure, axes = plt.subplots(figsize=(1.8 + 1.25 * len(models), 0.9 + 0.36 * len(methods)))
    shown = axes.imshow(middle, vmin=0, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(middle.to_numpy()):
        # a recipe without one of its untrained network
        if np.isnan(value):
            continue
        axes.text(
            j, i, f"{value:.2f} ({low.iloc[i, j]:.2f} to {high.iloc[i, j]:.2f})",
            ha="center", va="center", fontsize=7, color="black" if value > 0.55 else "white",
        )  # fmt: skip
    axes.set_xticks(range(len(models)), models)
    axes.set_yticks(range(len(methods)), methods)
    axes.set_title(f"share of '{target}' among the first members, {rows.seed.nunique()} training seeds")
    figure.colorbar(shown, label="median precision")
    drawing.save(figure, path, dpi)


job.run(plot_recipes)
