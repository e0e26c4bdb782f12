"""How well every stop condition cuts the groups of every method and control, over the data sets of a study."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution.drawing import style as drawing

ALL = "all"  # of all data sets; of the methods, their mean
SHARE = "share of\nfirst"


def plot_stop_conditions(table: str, style: str, dpi: int, path: str) -> None:
    """Draw a cell a method and condition, F1 with its interval, beside the share of the first members; controls last.

    Args:
        table: stop-conditions-judged.csv of `compare_stop_conditions`.
    """
    rows = pd.read_csv(table).query("dataset == @ALL")
    order = rows.drop_duplicates("method").sort_values("role", ascending=False, kind="stable")
    methods, conditions = list(order.method), list(dict.fromkeys(rows.condition))
    f1, low, high = (rows.pivot(index="method", columns="condition", values=name).loc[methods, conditions].to_numpy()
                     for name in ("f1", "low", "high"))  # fmt: skip
    shares = rows[rows.condition == conditions[0]].set_index("method").share_of_first[methods].to_numpy()
    shown = np.column_stack([shares, f1])
    drawing.use(style)
    figure, axes = plt.subplots(figsize=(2.6 + 1.0 * shown.shape[1], 1.1 + 0.36 * len(methods)))
    image = axes.imshow(shown, vmin=0, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(shown):
        text = f"{value:.2f}" if not j else f"{value:.2f}\n({low[i, j - 1]:.2f} to {high[i, j - 1]:.2f})"
        axes.text(j, i, text, ha="center", va="center", fontsize=6.5, color="black" if value > 0.55 else "white")
    axes.set_xticks(range(shown.shape[1]), [SHARE, *conditions])
    words = [f"{name} (control)" if role == "control" else name
             for name, role in zip(methods, order.role, strict=True)]  # fmt: skip
    axes.set_yticks(range(len(methods)), ["mean of the methods" if name == ALL else name for name in words])
    axes.axvline(0.5, color="white", lw=3)
    axes.axhline((order.role == "method").sum() - 0.5, color="white", lw=3)
    trainings = int(rows.trainings.max())
    axes.set_title(f"F1 of the group where it stops, and its subgroup: {trainings} trainings")
    figure.colorbar(image, label="share, F1")
    drawing.save(figure, path, dpi)


job.run(plot_stop_conditions)
