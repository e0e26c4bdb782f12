"""The pairs of points that are most alike, as images or as lines, by every score."""

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
from attribution.files import hdf5
from attribution.results import csv_tables

WORDS = {"train": "two training points", "test": "a test and a training point"}
COLUMNS = 12


def plot_near_duplicate_pairs(data: str, table: str, shown: int, style: str, dpi: int, path: str) -> None:
    """Draw a block a score and kind of pair: images above each other, texts and rows of numbers as lines.

    Args:
        data, table: data.h5 and near_duplicates.csv. shown: pairs of a block.
    """
    found = csv_tables.read(table)
    blocks = {key: block.nsmallest(shown, "rank") for key, block in found.groupby(["of", "score"], sort=False)}
    place = {part: {row: index for index, row in enumerate(own_rows.of(data, part).rows)} for part in WORDS}
    drawing.use(style)
    with hdf5.file(data) as file:
        x = {part: file[f"x_{part}"] for part in WORDS}
        items = {part: own_rows.items(data, part) for part in WORDS}
        draw = _images if samples.kind(x["train"], items["train"]) == samples.IMAGES else _lines
        figure = draw(blocks, place, x, items)
    drawing.save(figure, path, dpi)


def _points(block: pd.DataFrame, place: dict, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Positions in data.h5 of both points of each pair."""
    first = np.array([place[part][row] for row in block.row], dtype=np.int64)
    return first, np.array([place["train"][row] for row in block.other_row], dtype=np.int64)


def _name(part: str, row: int, own: str) -> str:
    return f"test {reading.name(row, own)}" if part == "test" else reading.name(row, own)


def _title(of: str, score: str) -> str:
    return f"{WORDS[of]}, most alike by {score}"


def _images(blocks, place, x, items):
    rows = [2 * max(1, -(-len(block) // COLUMNS)) for block in blocks.values()]
    figure, axes = plt.subplots(
        len(blocks), 1, figsize=(9.2, 1.12 * sum(rows) + 0.3 * len(rows)), squeeze=False, height_ratios=rows
    )
    for here, ((of, score), block), count in zip(axes[:, 0], blocks.items(), rows, strict=True):
        pictures.canvas(here, COLUMNS, count)
        first, second = _points(block, place, of)
        for start in range(0, len(block), COLUMNS):
            some, lines = slice(start, start + COLUMNS), block.iloc[start : start + COLUMNS]
            above = pictures.rows_of(x[of], first[some])
            below = pictures.rows_of(x["train"], second[some])
            for column, line in enumerate(lines.itertuples()):
                row = 2 * (start // COLUMNS)
                differs = None if line.same_label else drawing.RED
                pictures.picture(here, above[column], column, row, frame=differs)
                pictures.picture(here, below[column], column, row + 1, frame=differs)
                _below(here, column, row, f"{line.label}\n{_name(of, line.row, line.id)}\n{line.value:.3f}")
                _below(here, column, row + 1, f"{line.other_label}\n{reading.name(line.other_row, line.other_id)}")
        here.set_title(_title(of, score), loc="left")
    return figure


def _below(axes, column: int, row: int, text: str) -> None:
    place = (column + 0.5, row * pictures.ROW + 1)
    axes.text(*place, text, ha="center", va="top", fontsize=5.5, linespacing=1.0, parse_math=False)


def _lines(blocks, place, x, items):
    heights = [2 * len(block) + 1 for block in blocks.values()]
    figure, axes = plt.subplots(
        len(blocks), 1, figsize=(9.2, samples.LINE * sum(heights) + 0.3 * len(blocks)), squeeze=False,
        height_ratios=heights,
    )  # fmt: skip
    for here, ((of, score), block) in zip(axes[:, 0], blocks.items(), strict=True):
        cells, colours = [["", "alike", "point", "label", "what it is"]], [drawing.BLACK]
        for rank, (line, *points) in enumerate(zip(block.itertuples(), *_points(block, place, of), strict=True), 1):
            names = (_name(of, line.row, line.id), _name("train", line.other_row, line.other_id))
            for number, (part, point, name, label) in enumerate(
                zip((of, "train"), points, names, (line.label, line.other_label), strict=True)
            ):
                start = ["", ""] if number else [str(rank), f"{line.value:.5f}"]
                texts = [samples.cut(name, 24), samples.cut(label, 20)]
                cells.append([*start, *texts, samples.words(x[part], items[part], point, 105)])
                colours.append(drawing.BLACK if line.same_label else drawing.RED)
        samples.lines(here, cells, [0, 0.03, 0.09, 0.24, 0.36], colours)
        here.set_title(_title(of, score), loc="left")
    return figure


job.run(plot_near_duplicate_pairs)
