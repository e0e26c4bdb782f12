"""What datamodels are worth against the number of subsets: held-out R2, agreement, separation of the subgroups."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import pandas as pd

from attribution.drawing import style as drawing

LOOKS = {
    "retrain": (drawing.BLUE, "-", "o"),
    "influence": (drawing.RED, "--", "s"),
    "influence-re-evaluated": (drawing.GREEN, "-.", "^"),
    "shuffled": (drawing.BLACK, ":", "x"),
}
# metric, target, title, lowest value shown
LINES = (
    ("r2", "test", "held-out R²,\nretrained test margins", -1.0),
    ("spearman", "test", "held-out rank corr.,\nretrained test margins", -0.3),
    ("agreement", "test", "rank corr. of weights\nwith those of retrain", -0.3),
    ("ari_class", "train", "ARI of the subgroups\nwithin the class", -0.1),
)


def plot_datamodel_scores(table: str, style: str, dpi: int, path: str) -> None:
    """Draw a row a metric, a column a subset size, a line an estimator."""
    rows = pd.read_csv(table)
    alphas = sorted(rows.alpha.dropna().unique())
    drawing.use(style)
    figure, axes = plt.subplots(
        len(LINES), len(alphas), figsize=(1.9 * len(alphas) + 0.5, 1.75 * len(LINES)), sharex=True, sharey="row",
        squeeze=False,
    )  # fmt: skip
    for (metric, target, title, lowest), line in zip(LINES, axes, strict=True):
        for alpha, here in zip(alphas, line, strict=True):
            chosen = rows[(rows.metric == metric) & (rows.target == target) & (rows.alpha == alpha)]
            for estimator, (colour, dash, mark) in LOOKS.items():
                if metric == "agreement" and estimator == "retrain":
                    continue
                part = chosen[chosen.estimator == estimator].sort_values("subsets")
                here.plot(part.subsets, part.value, dash, marker=mark, color=colour, label=estimator)
            here.axhline(0, color=drawing.FAINT, lw=1, zorder=0)
            here.set(xscale="log", ylim=(lowest, 1.05))
            baselines = rows[(rows.metric == metric) & rows.alpha.isna()]
            for estimator, value in zip(baselines.estimator, baselines.value, strict=True):
                here.axhline(value, color=drawing.PINK if estimator == "embedding" else drawing.ORANGE, lw=1.2,
                             label=f"k-means on the {estimator}")  # fmt: skip
        line[0].set_ylabel(title)
    for alpha, here in zip(alphas, axes[0], strict=True):
        here.set_title(f"subsets of {alpha:g} n")
    counts = sorted(rows.subsets.dropna().astype(int).unique())
    for here in axes[-1]:
        here.set_xlabel("number of subsets")
        # every second label where there are many
        here.set_xticks(counts, [f"{c:g}" if i % (1 + len(counts) // 5) == 0 else "" for i, c in enumerate(counts)])
        here.minorticks_off()
    handles = {}
    for here in (axes[0, 0], axes[-1, 0]):
        handles |= dict(zip(*here.get_legend_handles_labels()[::-1], strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=6)
    drawing.save(figure, path, dpi)


job.run(plot_datamodel_scores)
