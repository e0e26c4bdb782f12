"""The training points whose labels should be looked at first: as images, texts, rows, or in the plane."""

from attribution.runtime import job

job.begin()

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from attribution.answers import reading
from attribution.data import own_rows
from attribution.drawing import images as pictures
from attribution.drawing import labels, samples
from attribution.drawing import style as drawing
from attribution.files import hdf5
from attribution.files.results.data import FLIPPED_TRAIN, X_TRAIN, Y_TRAIN
from attribution.results import csv_tables

COLUMNS = 12


def plot_suspicious(data: str, table: str, classes, shown: int, style: str, dpi: int, path: str) -> None:
    """Draw a block a method, or a class.

    Args:
        data, table: data.h5 and suspicious.csv. classes: "all", or names of classes. shown: points of a block.

    Raises:
        ValueError: when a class is none of the data.
    """
    found = csv_tables.read(table)
    place = {row: index for index, row in enumerate(own_rows.of(data, "train").rows)}
    blocks = blocks_of(found, classes, shown, list(hdf5.attributes(data)["class_names"]))
    points = [np.array([place[row] for row in block.row]) for block in blocks.values()]
    drawing.use(style)
    with hdf5.file(data) as file:
        x, y, items = file[X_TRAIN], file[Y_TRAIN][()], own_rows.items(data, "train")
        names = file.attrs.get("columns")
        flipped = file[FLIPPED_TRAIN][()] if FLIPPED_TRAIN in file else np.zeros(len(y), dtype=bool)
        kind = samples.kind(x, items)
        if kind == samples.IMAGES:
            figure = _images(blocks, points, x, flipped)
        elif kind == samples.PLANE:
            figure = _planes(blocks, points, x[()], y, flipped)
        else:
            figure = _lines(blocks, points, x, items, names, flipped)
    drawing.save(figure, path, dpi)


def blocks_of(table: pd.DataFrame, classes, shown: int, class_names: list[str]) -> dict[str, pd.DataFrame]:
    """Title -> rows of suspicious.csv: the first of each method, or of each class by the first method."""
    methods = [name.removeprefix("rank_") for name in table if name.startswith("rank_")]
    if classes == "all":
        return {
            f"most suspicious by {method}": table.dropna(subset=f"rank_{method}").nsmallest(shown, f"rank_{method}")
            for method in methods
        }
    unknown = [name for name in classes if name not in class_names]
    if unknown:
        raise ValueError(
            f"answers.suspicious.classes names '{unknown[0]}', which is no class of the data; its classes are "
            f"{', '.join(class_names)}"
        )
    return {f"labelled {name}, by {methods[0]}": table[table.label == name].head(shown) for name in classes}


def _images(blocks, points, x, flipped):
    rows = [max(1, -(-len(block) // COLUMNS)) for block in blocks.values()]
    figure, axes = plt.subplots(
        len(blocks), 1, figsize=(9.2, 1.12 * sum(rows) + 0.3 * len(rows)), squeeze=False, height_ratios=rows
    )
    for here, (title, block), chosen, count in zip(axes[:, 0], blocks.items(), points, rows, strict=True):
        pictures.canvas(here, COLUMNS, count)
        texts = [f"{line.label}\n→ {line.suggested}\n{reading.name(line.row, line.id)}" for line in block.itertuples()]
        frames = [drawing.RED if flipped[point] else None for point in chosen]
        if len(chosen):
            pictures.strip(here, pictures.rows_of(x, chosen), texts, COLUMNS, frames=frames)
        here.set_title(title, loc="left")
    return figure


def _planes(blocks, points, x, y, flipped):
    """A panel a block, of the size that its names beside it take."""
    across, shown = min(2, len(blocks)), max(map(len, points))
    down, width = -(-len(blocks) // across), 3.2
    height = max(1.3, labels.needed(shown), width * np.ptp(x[:, 1]) / np.ptp(x[:, 0]))
    cell, tall = (width + 2.1, height + 0.75)
    figure = plt.figure(figsize=(cell * across, tall * down))
    figure.set_layout_engine("none")
    for number, ((title, block), chosen) in enumerate(zip(blocks.items(), points, strict=True)):
        row, column = divmod(number, across)
        box = ((column * cell + 0.5), (down - row - 1) * tall + 0.45, width, height)
        here = figure.add_axes([box[0] / (cell * across), box[1] / (tall * down),
                                box[2] / (cell * across), box[3] / (tall * down)])  # fmt: skip
        samples.background(here, x, y)
        here.set_aspect("auto")
        # limits are fixed before names are placed beside their points
        here.set(xlim=here.get_xlim(), ylim=here.get_ylim(), title=title)
        colours = [drawing.RED if flipped[point] else drawing.BLACK for point in chosen]
        for point, colour in zip(chosen, colours, strict=True):
            marker = samples.MARKERS[y[point] % len(samples.MARKERS)]
            here.scatter(*x[point], s=16, color=colour, marker=marker, lw=0)
        names = [
            f"{rank}: {reading.name(line.row, line.id)}, {line.label} → {line.suggested}"
            for rank, line in enumerate(block.itertuples(), 1)
        ]
        labels.beside(here, x[chosen], names, colours, height, 6)
    return figure


def _lines(blocks, points, x, items, names, flipped):
    heights = [len(block) + 1 for block in blocks.values()]
    figure, axes = plt.subplots(
        len(blocks), 1, figsize=(9.2, samples.LINE * sum(heights) + 0.3 * len(blocks)), squeeze=False,
        height_ratios=heights,
    )  # fmt: skip
    for here, (title, block), chosen in zip(axes[:, 0], blocks.items(), points, strict=True):
        cells = [["", "point", "label", "suggested", samples.heading(items, names, 105)]]
        for rank, (point, line) in enumerate(zip(chosen, block.itertuples(), strict=True), 1):
            texts = (reading.name(line.row, line.id), line.label, line.suggested)
            cells.append([str(rank), *(samples.cut(text, 24) for text in texts), samples.words(x, items, point, 105)])
        colours = [drawing.BLACK, *(drawing.RED if flipped[point] else drawing.BLACK for point in chosen)]
        samples.lines(here, cells, [0, 0.03, 0.15, 0.27, 0.39], colours)
        here.set_title(title, loc="left")
    return figure


job.run(plot_suspicious)
