"""Attribution methods judged by retraining: colour and marker by family, a panel a model and truth."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from attribution.drawing import labels
from attribution.drawing import style as drawing
from attribution.evaluation import lds

# of methods/base.py's FAMILIES
LOOKS = {
    "influence": (drawing.BLUE, "o"),
    "unrolled": (drawing.RED, "s"),
    "retraining": (drawing.GREEN, "D"),
    "distance": (drawing.ORANGE, "^"),
    "boundary": (drawing.SKY, "v"),
    "chance": (drawing.BLACK, "X"),
}
# rows of the truth's own noise, and how their lines look
FLOOR, ROOT = lds.NOISE_FLOOR, lds.ATTAINABLE
NOISE = {FLOOR: "--", ROOT: ":"}
# inches: of a panel, and to its right for names
WIDTH, NAMES = 2.7, 1.95
ACROSS = 3


def look(name: str, known: dict) -> dict:
    """Colour, marker and filling of a method's points; those of a control are hollow.

    Args:
        known: method -> family, and whether it is a control.
    """
    family, control = known[name]
    colour, marker = LOOKS[family]
    return {"color": colour, "marker": marker, "markerfacecolor": "white" if control else colour}


def panels(rows: pd.DataFrame) -> tuple:
    """A figure and, for each model and truth of the rows, (axes, its rows, its height in inches).

    A row of panels has one truth; more than three models go on in a further row.
    """
    found = {}
    for (truth, dataset, model), part in rows.groupby(["truth", "dataset", "model"], sort=False):
        found.setdefault(truth, []).append((f"{dataset}, {model}: {words(part)}", part))
    lines = [of[start : start + ACROSS] for of in found.values() for start in range(0, len(of), ACROSS)]
    across = max(map(len, lines))
    height = max(2.3, labels.needed(rows.method.nunique() + 1) + 0.1)
    figure, axes = plt.subplots(
        len(lines), across, figsize=(across * (WIDTH + NAMES + 0.5), len(lines) * (height + 0.75)),
        squeeze=False, layout="none",
    )  # fmt: skip
    _place(figure, axes, height)
    shown = []
    for line, row in zip(lines, axes, strict=True):
        for here, (title, part) in zip(row, line, strict=False):
            here.set_title(title, fontsize=8.5, loc="left")
            here.axhline(0, color=drawing.FAINT, lw=1, zorder=0)
            shown.append((here, part, height))
        for here in row[len(line) :]:
            here.remove()
    return figure, shown


def words(rows: pd.DataFrame) -> str:
    """The truth of these rows in words."""
    models, subsets = int(rows.models.iloc[0]), int(rows.subsets.max())
    several = f", {models} trainings each" if models > 1 else ""
    return f"{rows.truth.iloc[0]}, {subsets} subsets{several}"


def lines(axes, rows: pd.DataFrame, x: str, y: str, known: dict, height: float, said=lambda row: "") -> None:
    """A line a method, controls broken, and beside the axes its name and value at the largest `x`.

    Args:
        axes: whose limits are set already. rows: of methods. x, y: columns. known: as in `look`.
        height: of the axes, in inches. said: what stands behind the value, of the last row.
    """
    ends, names, colours = [], [], []
    for name, line in rows[~rows.method.isin(NOISE)].groupby("method", sort=False):
        line, looking = line.sort_values(x), look(name, known)
        axes.plot(line[x], line[y], lw=0.9, ms=4, ls=(0, (3, 2)) if known[name][1] else "-", **looking)
        last = line.iloc[-1]
        ends.append((last[x], last[y]))
        names.append(f"{last[y]:z.2f}{said(last)}  {name}")
        colours.append(looking["color"])
    labels.beside(axes, np.array(ends), names, colours, height)


def floor(axes, rows: pd.DataFrame) -> None:
    """Lines where an independent truth stands against this one, and where a perfect method does."""
    for row in rows[rows.method.isin(NOISE)].itertuples():
        axes.axhline(row.lds, color=drawing.BLACK, lw=0.9, ls=NOISE[row.method], zorder=0)


def legend(figure, rows: pd.DataFrame, known: dict, floor: str = "") -> None:
    """Families that the rows have, controls, and the lines of the truth's own noise.

    Args:
        floor: what the dashed line is, where it is another thing than that of LDS.
    """
    shown = [name for name in dict.fromkeys(rows.method) if name not in NOISE]
    families = {known[name][0] for name in shown}
    handles = [
        Line2D([], [], color=colour, marker=marker, ls="", ms=5, label=family)
        for family, (colour, marker) in LOOKS.items() if family in families
    ]  # fmt: skip
    if any(known[name][1] for name in shown):
        handles.append(
            Line2D(
                [], [], color=drawing.BLACK, marker="o", markerfacecolor="white", ls="", ms=5, label="hollow: control"
            )
        )
    if floor:
        handles.append(Line2D([], [], color=drawing.BLACK, lw=0.9, ls="--", label=floor))
    elif (rows.method == FLOOR).any():
        handles += [
            Line2D([], [], color=drawing.BLACK, lw=0.9, ls="--", label="an independent truth"),
            Line2D([], [], color=drawing.BLACK, lw=0.9, ls=":", label="root of its score a target: a perfect method"),
        ]
    across = max(2, int(figure.get_size_inches()[0] / 1.4))
    figure.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=min(len(handles), across))


def _place(figure, axes, height: float) -> None:
    """Give each panel its size in inches: names beside axes do not move or shrink them."""
    width, tall = figure.get_size_inches()
    for i, row in enumerate(axes):
        for j, here in enumerate(row):
            left, bottom = 0.5 + j * (WIDTH + NAMES + 0.5), tall - 0.3 - i * (height + 0.75) - height
            here.set_position([left / width, bottom / tall, WIDTH / width, height / tall])
