"""What attribution is worth against what it costs: linear datamodelling score against seconds."""

from attribution.runtime import job

job.begin()

import pandas as pd

from attribution.drawing import labels
from attribution.drawing import methods as looks
from attribution.drawing import style as drawing


def plot_lds_against_seconds(table: str, known: dict, alpha: float, style: str, dpi: int, path: str) -> None:
    """Draw a marker a method, with its interval, and its name and score beside the axes.

    Args:
        table: of `measure_lds`. known: method -> family, and whether it is a control. alpha: share of the subsets.

    Raises:
        ValueError: when the table has no such share.
    """
    rows = pd.read_csv(table)
    found = sorted(rows.alpha.unique())
    rows = rows[rows.alpha == alpha]
    if rows.empty:
        raise ValueError(
            f"{table} has no subsets of {alpha:g} n, only of {', '.join(f'{a:g}' for a in found)}; give truth.shown."
            "alpha one of truth.alphas"
        )
    drawing.use(style)
    figure, panels = looks.panels(rows)
    methods = rows[~rows.method.isin(looks.NOISE)]
    low, high = methods.seconds.min() / 2, methods.seconds.max() * 2
    bottom = min(-0.1, methods.low.min() - 0.05)
    for here, part, height in panels:
        here.set(xscale="log", xlim=(low, high), ylim=(bottom, 1.05))
        looks.floor(here, part)
        part = part[~part.method.isin(looks.NOISE)]
        for row in part.itertuples():
            error = [[max(row.lds - row.low, 0)], [max(row.high - row.lds, 0)]]
            here.errorbar(row.seconds, row.lds, yerr=error, lw=0.9, ms=5, zorder=3, **looks.look(row.method, known))
        colours = [looks.look(name, known)["color"] for name in part.method]
        names = [f"{score:z.2f}  {name}" for score, name in zip(part.lds, part.method, strict=True)]
        labels.beside(here, part[["seconds", "lds"]].to_numpy(), names, colours, height)
        here.set(xlabel="seconds of the method", ylabel=f"LDS, subsets of {alpha:g} n")
    looks.legend(figure, rows, known)
    drawing.save(figure, path, dpi)


job.run(plot_lds_against_seconds)
