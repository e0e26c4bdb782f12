"""Samples of any data in a figure: images, points of a plane, texts, or the first numbers of each."""

import textwrap

import numpy as np

from attribution.drawing import ends
from attribution.drawing import images as pictures
from attribution.drawing import style as drawing

IMAGES, ITEMS, PLANE, NUMBERS = "images", "items", "plane", "numbers"
LINE = 0.165  # inches of a line of text
MARKERS = "os^Dv<>P"


def kind(x, items) -> str:
    """How samples are shown.

    Args:
        x: (n, ...) array, open or read. items: (n,) texts to show, or None.
    """
    if pictures.are_images(x):
        return IMAGES
    if items is not None:
        return ITEMS
    return PLANE if ends.in_plane(x) else NUMBERS


def words(x, items, index: int, width: int) -> str:
    """One line for a sample: its text, or its first numbers, of at most `width` characters."""
    if items is not None:
        return textwrap.shorten(str(items[index]), width, placeholder=" …") or str(items[index])[: width - 1] + "…"
    values = np.asarray(x[index]).ravel()
    parts = [f"{value:.3g}" for value in values[: width // 3]]
    while parts and len(", ".join(parts)) > width - 3:
        parts.pop()
    return ", ".join(parts) + (", …" if len(parts) < len(values) else "")


def background(axes, x: np.ndarray, y: np.ndarray) -> None:
    """All points of the plane, faint, a marker a class."""
    for label in np.unique(y):
        axes.scatter(*x[y == label].T, s=6, marker=MARKERS[label % len(MARKERS)], color=drawing.FAINT, lw=0)
    drawing.plane(axes)


def lines(axes, cells: list[list[str]], starts: list[float], colours: list[str] | None = None) -> None:
    """Write rows of texts from the top of axes on.

    Args:
        cells: a list of texts a row. starts: of each column, as a share of the width. colours: of each row.
    """
    axes.axis("off")
    for number, row in enumerate(cells):
        for start, text in zip(starts, row, strict=True):
            axes.text(start, 1 - (number + 0.5) / len(cells), text, transform=axes.transAxes, va="center", fontsize=6.5,
                      color=colours[number] if colours else drawing.BLACK, parse_math=False)  # fmt: skip
