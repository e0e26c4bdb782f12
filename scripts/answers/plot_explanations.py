"""Test points beside the training points that helped and harmed them most, by every method."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution.answers import reading
from attribution.data import own_rows
from attribution.drawing import images as pictures
from attribution.drawing import samples
from attribution.drawing import style as drawing
from attribution.drawing.ends import NEGATIVE, POSITIVE
from attribution.files import hdf5
from attribution.files.results.answers import HARMFUL, HELPFUL
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TRAIN
from attribution.results import csv_tables

DIRECTIONS = {HELPFUL: POSITIVE, HARMFUL: NEGATIVE}


def plot_explanations(data: str, table: str, shown: int, style: str, dpi: int, path: str) -> None:
    """Draw a row a test point, and in it a block a method.

    Args:
        data, table: data.h5 and explanations.csv. shown: test points, the first of the table.
    """
    found = csv_tables.read(table)
    places = {part: {row: i for i, row in enumerate(own_rows.of(data, part).rows)} for part in own_rows.PARTS}
    targets = list(found.groupby("target_row", sort=False))[:shown]
    methods = list(dict.fromkeys(found.method))
    drawing.use(style)
    with hdf5.file(data) as file:
        x, x_test, items = file[X_TRAIN], file[X_TEST], own_rows.items(data, "train")
        kind = samples.kind(x, items)
        if kind == samples.IMAGES:
            figure = _images(targets, methods, places, x, x_test)
        elif kind == samples.PLANE:
            figure = _planes(targets, methods, places, x[()], x_test, file[Y_TRAIN][()])
        else:
            items_test, names = own_rows.items(data, "test"), file.attrs.get("columns")
            figure = _lines(targets, methods, places, x, x_test, items, items_test, names)
    drawing.save(figure, path, dpi)


def said(line, apart: str = "\n") -> str:
    """What a test point is, was taken for, and its margin."""
    label = reading.class_name(line.target_label)
    taken = f"{label}, rightly" if line.prediction == line.target_label else f"{label}, taken for {line.prediction}"
    return apart.join([f"test {reading.name(line.target_row, line.target_id)}", taken, f"margin {line.margin:.2g}"])


def _of(block: pd.DataFrame, method: str, direction: str) -> pd.DataFrame:
    return block[(block.method == method) & (block.direction == direction)]


def _images(targets, methods, places, x, x_test):
    each = max(len(_of(block, m, d)) for _, block in targets for m in methods for d in DIRECTIONS)
    start, step = 2.4, each + 0.4
    width = start + step * len(methods)
    figure, axes = plt.subplots(
        len(targets), 1, figsize=(0.52 * width, 0.52 * (2 * pictures.ROW + 0.35) * len(targets)), squeeze=False
    )
    for here, (row, block) in zip(axes[:, 0], targets, strict=True):
        pictures.canvas(here, width, 2, above=True)
        pictures.picture(here, x_test[places["test"][row]], 0, 0.15, size=1.9)
        here.text(0.95, 0.15 * pictures.ROW + 1.9, said(block.iloc[0]), va="top", ha="center", fontsize=6)
        for number, method in enumerate(methods):
            first = start + step * number
            here.text(first, -0.08, method, va="bottom", fontsize=7)
            for line, (direction, colour) in enumerate(DIRECTIONS.items()):
                if not number:
                    here.text(first - 0.08, line * pictures.ROW + 0.5, direction, rotation=90, ha="right", va="center",
                              fontsize=5.5, color=colour)  # fmt: skip
                chosen = _of(block, method, direction)
                for column, one in enumerate(chosen.itertuples()):
                    pictures.picture(here, x[places["train"][one.row]], first + column, line, frame=colour)
                    here.text(
                        first + column + 0.5, line * pictures.ROW + 1.0,
                        f"{one.label}\n{reading.name(one.row, one.id)}\n{one.attribution:+.2g}", va="top", ha="center",
                        fontsize=4.5, linespacing=1.0,
                        color=drawing.BLACK if one.label == one.target_label else drawing.RED,
                    )  # fmt: skip
        here.set(xlim=(0, width), ylim=(2 * pictures.ROW, -0.3))
    return figure


def _planes(targets, methods, places, x, x_test, y):
    height = 2.1 * float(np.clip(np.ptp(x[:, 1]) / np.ptp(x[:, 0]), 0.3, 1.5)) + 0.25
    figure, axes = plt.subplots(
        len(targets), len(methods), figsize=(2.5 * len(methods), height * len(targets) + 0.8), squeeze=False,
        sharex=True, sharey=True,
    )  # fmt: skip
    for number, (line, (row, block)) in enumerate(zip(axes, targets, strict=True)):
        for here, method in zip(line, methods, strict=True):
            samples.background(here, x, y)
            for direction, marker in ((HELPFUL, "^"), (HARMFUL, "v")):
                chosen = [places["train"][one] for one in _of(block, method, direction).row]
                here.scatter(*x[chosen].T, s=24, marker=marker, color=DIRECTIONS[direction], lw=0, label=direction)
            drawing.seed(here, x_test[places["test"][row]])
            here.label_outer()
            here.set_title("" if number else method, fontsize=8)
        line[0].set_ylabel(f"{said(block.iloc[0])}\n$x_2$", fontsize=6)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _lines(targets, methods, places, x, x_test, items, items_test, names):
    heights = [2 + sum(max(len(_of(block, m, d)) for m in methods) for d in DIRECTIONS) for _, block in targets]
    figure, axes = plt.subplots(
        len(targets), 1, figsize=(3.1 * len(methods), samples.LINE * sum(heights) + 0.15 * len(targets)),
        squeeze=False, height_ratios=heights,
    )  # fmt: skip
    blank = [""] * len(methods)
    for here, (row, block) in zip(axes[:, 0], targets, strict=True):
        shown = samples.words(x_test, items_test, places["test"][row], 45 * len(methods) - 40, names)
        cells = [[f"{said(block.iloc[0], ', ')}: {shown}", *blank[1:]], list(methods)]
        colours = [drawing.BLUE, drawing.BLACK]
        for direction, colour in DIRECTIONS.items():
            columns = [list(_of(block, method, direction).itertuples()) for method in methods]
            for rank in range(max(map(len, columns))):
                cells.append([_cell(column, rank, places, x, items) for column in columns])
                colours.append(colour)
        samples.lines(here, cells, [i / len(methods) for i in range(len(methods))], colours)
    return figure


def _cell(column: list, rank: int, places, x, items) -> str:
    if rank >= len(column):
        return ""
    one = column[rank]
    start = f"{one.attribution:+.2g} {samples.cut(reading.name(one.row, one.id), 14)}, "
    start += f"{samples.cut(reading.class_name(one.label), 14)}: "
    return start + samples.words(x, items, places["train"][one.row], max(8, 62 - len(start)))


job.run(plot_explanations)
