"""Colours, the toy plane and saving, shared by the figures."""

from functools import partial
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from attribution.drawing import fonts
from attribution.files import atomic

# Okabe and Ito's palette: told apart with any colour vision, and in grey
RED, BLUE, GREEN, PINK, ORANGE, SKY, BLACK = (
    "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
)  # fmt: skip
CLASS_COLOURS = (BLUE, RED)
FAINT = "#D9D9D9"
# Dates would make two equal figures differ
PLAIN = {"png": {"Software": None}, "pdf": {"CreationDate": None}}


def use(style: str) -> None:
    """Take up the one style file of all figures."""
    plt.style.use(style)


def save(figure, png: str, dpi: int) -> None:
    """Write the figure as PNG and, beside it, as PDF; each appears under its name when complete.

    Where the font lacks a character of a class's name or the like, see `fonts`.
    """
    settings = {}
    for kind in ("png", "pdf"):
        with atomic.replacing(Path(png).with_suffix(f".{kind}")) as temporary:
            draw = partial(figure.savefig, temporary, dpi=dpi, format=kind, metadata=PLAIN[kind])
            with plt.rc_context(settings):
                lacking = fonts.lacking(draw)
            if lacking and not settings:
                settings = fonts.complete(figure)
                with plt.rc_context(settings):
                    draw()
    plt.close(figure)


def points(axes, x: np.ndarray, y: np.ndarray, faint: bool = False) -> None:
    """Scatter the plane's points by class; `faint` as a background for what matters."""
    for label, colour in enumerate(CLASS_COLOURS):
        chosen = x[y == label]
        marker = "o" if label else "s"
        axes.scatter(*chosen.T, s=7, marker=marker, color=FAINT if faint else colour, alpha=1 if faint else 0.75, lw=0)
    plane(axes)


def seed(axes, point: np.ndarray) -> None:
    """A star on the point that a group or an influence starts from."""
    axes.scatter(*point, marker="*", s=90, color=RED, ec="white", lw=0.6, zorder=3)


def plane(axes) -> None:
    """Equal units on both axes, with their names."""
    axes.set_aspect("equal")
    axes.set(xlabel="$x_1$", ylabel="$x_2$")


def boundary(axes, grid_x: np.ndarray, grid_y: np.ndarray, logits: np.ndarray) -> None:
    """The line on which the network's logit is zero."""
    axes.contour(grid_x, grid_y, logits, levels=[0.0], colors=BLACK, linewidths=1.2)
