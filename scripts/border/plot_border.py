"""Where attribution holds: scores of methods against how evenly trainings answer, and by training and subset size."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from attribution.drawing import methods as looks
from attribution.drawing import style as drawing

EXACT = "metagradient"
MARKERS = "osD^vX"


def plot_border(table: str, style: str, dpi: int, path: str) -> None:
    """Draw scores of the metagradient and of the best other method by training and share, and both against smoothness.

    Args:
        table: of `map_border`, with method `metagradient` and another one that is no control.

    Raises:
        ValueError: when the table lacks them.
    """
    rows = pd.read_csv(table)
    exact, other = rows[rows.method == EXACT], best_other(rows)
    if exact.empty or other is None:
        raise ValueError(
            f"{table} has the methods {', '.join(sorted(rows.method.unique()))}; this figure compares {EXACT} with "
            "another one, add them to methods.lds"
        )
    drawing.use(style)
    trainings = list(dict.fromkeys(zip(rows.dataset, rows.model, strict=True)))
    alphas = sorted(rows.alpha.unique())
    height = 0.27 * len(trainings) + 1.0
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(12.5, max(height, 3.2)), width_ratios=[1, 1, 1.2], layout="constrained"
    )
    scores = rows[rows.method == other]
    for axes, part, title in ((left, exact, EXACT), (middle, scores, other)):
        shade(axes, part, trainings, alphas, title)
    left.set_yticks(range(len(trainings)), [words(rows, *training) for training in trainings], fontsize=7.5)
    middle.set_yticks([])
    for part, colour, name in ((exact, drawing.RED, EXACT), (scores, drawing.BLUE, other)):
        for alpha, marker in zip(alphas, MARKERS, strict=False):
            of = part[part.alpha == alpha]
            right.plot(of.metasmoothness, of.lds, marker, color=colour, ms=4.5, label=f"{name}, {alpha:g} n stay")
    rank = spearmanr(exact.metasmoothness, exact.lds).statistic
    right.set(
        xlabel="metasmoothness of the training", ylabel="LDS",
        title=f"rank correlation with {EXACT}'s LDS: {rank:.2f}",
    )  # fmt: skip
    right.axhline(0, color=drawing.FAINT, lw=1, zorder=0)
    right.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    drawing.save(figure, path, dpi)


def best_other(rows: pd.DataFrame) -> str | None:
    """The method beside the metagradient of the highest mean score; None where there is none."""
    means = rows[~rows.method.isin([EXACT, *looks.NOISE])].groupby("method").lds.mean()
    return None if means.empty else str(means.idxmax())


def shade(axes, rows: pd.DataFrame, trainings: list, alphas: list, title: str) -> None:
    """A field a training and share, its score written in it."""
    held = rows.set_index(["dataset", "model", "alpha"]).lds
    values = np.array([[held.get((*training, alpha), np.nan) for alpha in alphas] for training in trainings])
    axes.imshow(values, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = "black" if value > 0.6 else "white"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7.5, color=colour)
    axes.set_xticks(range(len(alphas)), [f"{alpha:g}" for alpha in alphas])
    axes.set(title=f"LDS of {title}", xlabel="share of the training set that stays")
    axes.grid(False)


def words(rows: pd.DataFrame, dataset: str, model: str) -> str:
    """A training in words: recipe, points, growth of cotangents, accuracy."""
    row = rows[(rows.dataset == dataset) & (rows.model == model)].iloc[0]
    return f"{model}, n = {row.points}, growth {row.growth:.2f}, test {row.test_accuracy:.2f}"


job.run(plot_border)
