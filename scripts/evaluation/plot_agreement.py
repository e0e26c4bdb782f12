"""Agreement of groups between training seeds and between models, for every selection rule."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import pandas as pd

from attribution.drawing import style as drawing
from attribution.evaluation import agreement

LABELS = {"overlap": "share of members in both groups", "jaccard": "Jaccard index"}


def colour(method: str) -> str:
    """Selection rules, neighbours in the embedding, and what knows nothing that was learned."""
    if method == agreement.CHANCE or method.startswith("input-") or method.endswith("-untrained"):
        return drawing.BLACK
    return drawing.GREEN if method.startswith("embedding-") else drawing.BLUE


def ordered(methods: list[str]) -> list[str]:
    """Selection rules first, then neighbours in the embedding, chance at the end."""
    colours = [drawing.BLUE, drawing.GREEN, drawing.BLACK]
    return sorted(dict.fromkeys(methods), key=lambda method: (colours.index(colour(method)), method))


def title(first: str, second: str, pairs: int) -> str:
    """What a panel compares, in words."""
    what = f"{first}, training seeds" if first == second else f"{first} and {second}"
    return f"{what} ({pairs} pair{'s' if pairs > 1 else ''} of runs)"


def plot_agreement(table: str, style: str, dpi: int, path: str) -> None:
    """Draw a row a pair of models and a column a metric; a line a method with its interval over seed points."""
    rows = pd.read_csv(table, keep_default_na=False)
    rows = rows[rows.baseline == ""]
    methods = ordered(list(rows.method))
    pairs = list(dict.fromkeys(zip(rows.first_model, rows.second_model, rows.pairs, strict=True)))
    drawing.use(style)
    figure, axes = plt.subplots(
        len(pairs), len(agreement.METRICS), figsize=(8.6, 0.7 + 2.1 * len(pairs)), sharey=True, sharex="col",
        squeeze=False,
    )  # fmt: skip
    for line, (first, second, count) in zip(axes, pairs, strict=True):
        chosen = rows[(rows.first_model == first) & (rows.second_model == second)]
        for here, metric in zip(line, agreement.METRICS, strict=True):
            found = chosen[chosen.metric == metric].set_index("method")
            # a method of an untrained network stands only where both models have one
            for method, row in found.iterrows():
                i = methods.index(method)
                here.errorbar(
                    row.value, i, xerr=[[row.value - row.low], [row.high - row.value]], fmt="D", ms=4, capsize=2,
                    lw=1.2, color=colour(method),
                )  # fmt: skip
                here.text(1.02, i, f"{row.value:.3f}", va="center", fontsize=7, transform=here.get_yaxis_transform())
            here.grid(axis="y", color=drawing.FAINT, lw=0.5)
            here.set_axisbelow(True)
            here.set_xlim(left=0)
        line[0].set_title(title(first, second, count), loc="left")
    for here, metric in zip(axes[-1], agreement.METRICS, strict=True):
        here.set_xlabel(LABELS[metric])
    axes[0, 0].set_yticks(range(len(methods)), methods)
    axes[0, 0].set_ylim(len(methods) - 0.5, -0.5)
    size, points = rows["size"].iloc[0], rows["points"].iloc[0]
    figure.suptitle(f"groups of {size} from the same {points} seed points, without the seed point")
    drawing.save(figure, path, dpi)


job.run(plot_agreement)
