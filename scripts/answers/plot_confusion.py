"""What test points of each class are taken for, and the recall of each class beside both accuracies."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution.answers.confusion import ACCURACY, BALANCED
from attribution.drawing import style as drawing

# classes up to which counts stand in the cells, and from which on only every so many has its name
WRITTEN, NAMED = 20, 50


def plot_confusion(confusion: str, recall: str, style: str, dpi: int, path: str) -> None:
    """Draw the matrix, each row divided by its points, and beside it a line a class.

    Args:
        confusion, recall: confusion.csv and recall.csv.
    """
    texts = {"label": str, "prediction": str, "class": str}
    long = pd.read_csv(confusion, dtype=texts, keep_default_na=False)
    worth = pd.read_csv(recall, dtype=texts, keep_default_na=False, na_values=[""]).set_index("class")
    names = list(worth.index[:-2])
    counts = long["count"].to_numpy().reshape(len(names), len(names))
    drawing.use(style)
    size = float(np.clip(0.34 * len(names), 1.9, 7))
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(size + 4.2, size + 1.1), width_ratios=(size, 2.3), layout="constrained"
    )
    _matrix(left, counts, names)
    _recall(right, worth, names)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower right", ncols=2, fontsize=7)
    drawing.save(figure, path, dpi)


def _matrix(axes, counts: np.ndarray, names: list[str]) -> None:
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    if len(names) <= WRITTEN:
        for (i, j), count in np.ndenumerate(counts):
            if count:
                axes.text(j, i, f"{count}", ha="center", va="center", fontsize=6.5,
                          color="white" if share[i, j] > 0.6 else drawing.BLACK)  # fmt: skip
    places = np.arange(0, len(names), -(-len(names) // NAMED))
    shown = [names[place] for place in places]
    axes.set_xticks(places, shown, rotation=90, fontsize=7, parse_math=False)
    axes.set_yticks(places, shown, fontsize=7, parse_math=False)
    axes.set(xlabel="prediction", ylabel="label", title="test points")
    axes.spines[:].set_visible(True)


def _recall(axes, worth: pd.DataFrame, names: list[str]) -> None:
    of_classes, places = worth.loc[names], np.arange(len(names))
    known = of_classes.recall.notna().to_numpy()
    part, at = of_classes[known], places[known]
    spread = [part.recall - part.low, part.high - part.recall]
    axes.errorbar(part.recall, at, xerr=spread, fmt="o", ms=4, lw=1, color=drawing.BLUE, clip_on=False)
    for row, style, colour in ((ACCURACY, "--", drawing.BLACK), (BALANCED, "-", drawing.RED)):
        value = worth.recall[row]
        axes.axvline(value, ls=style, lw=1, color=colour, label=f"{row[5:-1]} {value:.3f}", zorder=0)
    axes.set_yticks([])
    axes.set(ylim=(len(names) - 0.5, -0.5), xlabel="recall", title="recall of each class", xlim=(None, 1))
    beside = axes.secondary_yaxis("right")
    step = -(-len(names) // NAMED)
    beside.set_yticks(places[::step], of_classes.train_points[::step], fontsize=7)
    beside.set_ylabel("training points", fontsize=8)


job.run(plot_confusion)
