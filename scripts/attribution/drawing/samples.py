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


def words(x, items, index: int, width: int, names=None) -> str:
    """One line for a sample: its text, or its first numbers, of at most `width` characters.

    Args:
        names: of the numbers, which stand before them, or None.
    """
    if items is not None:
        return textwrap.shorten(str(items[index]), width, placeholder=" …") or str(items[index])[: width - 1] + "…"
    values = np.asarray(x[index]).ravel()
    parts = [f"{value:.4g}" for value in values[: width // 3]]
    if names is not None:
        parts = [f"{name} {part}" for name, part in zip(names, parts, strict=False)]
    while parts and len(", ".join(parts)) > width - 3:
        parts.pop()
    return ", ".join(parts) + (", …" if len(parts) < len(values) else "")


def heading(items, names, width: int) -> str:
    """What `words` shows: names of the numbers in their order, where they are known."""
    if items is not None or names is None:
        return "what it is" if items is not None else "its first numbers"
    return textwrap.shorten(", ".join(map(str, names)), width, placeholder=" …")


def cut(text: str, most: int) -> str:
    """At most so many characters, and what says that there were more."""
    return text if len(text) <= most else text[: most - 1] + "…"


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
