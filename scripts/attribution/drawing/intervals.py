"""Recall and mean reciprocal rank of every method of retrieval, drawn with intervals."""

import matplotlib.pyplot as plt
import pandas as pd

from attribution.drawing import style as drawing

# a colour and a marker for each kind of method
KINDS = {
    "single point": (drawing.BLUE, "o"),
    "group of Algorithm 1": (drawing.RED, "s"),
    "distance or cosine": (drawing.GREEN, "^"),
}


def kind(method: str) -> str:
    """Which of KINDS a method is."""
    if method.startswith("group-"):
        return "group of Algorithm 1"
    return "single point" if method.endswith(("-max", "-min")) else "distance or cosine"


def verdict(rows: pd.DataFrame, metric: str) -> str:
    """One sentence: the best method of a metric, and whether its interval sets it apart from the baseline."""
    plain = rows[(rows.metric == metric) & (rows.baseline == "")].set_index("method")
    paired = rows[(rows.metric == metric) & (rows.baseline != "")].set_index("method")
    best, baseline = plain.value.idxmax(), paired.baseline.iloc[0]
    if best == baseline:
        return f"{metric}: {best} is best, {plain.value[best]:.2f}"
    gap = paired.loc[best]
    word = "ahead of" if gap.low > 0 else "not told apart from"
    return (
        f"{metric}: {best} {plain.value[best]:.2f}, {word} {baseline} {plain.value[baseline]:.2f} "
        f"(difference {gap.value:.2f}, {gap.low:.2f} to {gap.high:.2f})".replace("-0.00", "0.00")
    )


def draw(table: str, style: str, dpi: int, path: str) -> None:
    """Draw a panel a metric, a line a method, the best in mrr on top.

    A table over training seeds, with columns `seeds`, `smallest` and `largest`, gets a pale bar between these extremes.

    Args:
        table: retrieval.csv or retrieval-seeds.csv. style, dpi: of the figure. path: the PNG file.
    """
    rows = pd.read_csv(table, keep_default_na=False)
    plain = rows[rows.baseline == ""]
    metrics = list(dict.fromkeys(plain.metric))
    first = plain[plain.metric == "mrr"].sort_values("value", ascending=False, kind="stable")
    methods = list(first.method)
    drawing.use(style)
    figure, axes = plt.subplots(1, len(metrics), figsize=(9.4, 0.9 + 0.21 * len(methods)), sharey=True)
    for here, metric in zip(axes, metrics, strict=True):
        found = plain[plain.metric == metric].set_index("method").loc[methods]
        for i, (method, row) in enumerate(found.iterrows()):
            colour, mark = KINDS[kind(method)]
            here.errorbar(
                row.value, i, xerr=[[row.value - row.low], [row.high - row.value]], fmt=mark, color=colour, ms=4,
                lw=1.2, capsize=2, label=kind(method),
            )  # fmt: skip
            if "seeds" in found:
                here.plot([row.smallest, row.largest], [i, i], color=colour, lw=6, alpha=0.25, solid_capstyle="butt")
            here.text(1.04, i, f"{row.value:.2f}", va="center", fontsize=7, transform=here.get_yaxis_transform())
        here.grid(axis="y", color=drawing.FAINT, lw=0.5)
        here.set_axisbelow(True)
        here.set(xlim=(-0.03, 1.03), title=metric)
    axes[0].set_yticks(range(len(methods)), methods)
    axes[0].set_ylim(len(methods) - 0.5, -0.5)
    handles = {}
    for handle, label in zip(*axes[0].get_legend_handles_labels(), strict=True):
        handles.setdefault(label, handle)
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles))
    lines = [verdict(rows, metric) for metric in (metrics[0], "mrr")]
    if "seeds" in plain:
        lines.insert(0, f"mean over {plain.seeds.iloc[0]} training seeds")
    figure.suptitle("\n".join(lines), fontsize=8.5)
    drawing.save(figure, path, dpi)
