"""Names of points in a column beside the axes, a line from each to its point; no two run into each other."""

import numpy as np
from sklearn.isotonic import IsotonicRegression

from attribution.drawing import style as drawing

# width of the strip between axes and names, in widths of the axes
STRIP = 0.05


def spread(wanted: np.ndarray, apart: float, low: float, high: float) -> np.ndarray:
    """(k,) places at least `apart` from each other and nearest to those wanted, in least squares.

    Args:
        wanted: (k,) in any order, which the places keep. low, high: the first and the last place that may be taken.

    Raises:
        ValueError: when so many do not fit.

    Places less `apart` times their rank must not fall: the nearest such is the isotonic regression (Barlow and
    others 1972, section 1.2), cut off at the ends.
    """
    count = len(wanted)
    if apart * (count - 1) > (high - low) * (1 + 1e-9):
        raise ValueError(f"{count} names {apart:.3g} apart do not fit between {low:.3g} and {high:.3g}")
    order = np.argsort(wanted, kind="stable")
    steps = apart * np.arange(count)
    model = IsotonicRegression(y_min=low, y_max=max(low, high - apart * (count - 1)))
    places = np.empty(count)
    places[order] = model.fit_transform(np.arange(count), np.asarray(wanted, dtype=float)[order] - steps) + steps
    return places


def beside(axes, points: np.ndarray, names: list[str], colours: list[str], height: float, size: float = 6.5) -> None:
    """Write a name for each point to the right of the axes, whose limits are set already and linear upwards.

    Args:
        points: (k, 2) in data units. names, colours: (k,). height: of the axes, in inches. size: of the letters.
    """
    (bottom, top), right = axes.get_ylim(), axes.get_xlim()[1]
    at = (points[:, 1] - bottom) / (top - bottom)
    line = 1.25 * size / 72 / height
    places = spread(at, line, line / 2, 1 - line / 2)
    for (x, y), start, place, name, colour in zip(points, at, places, names, colours, strict=True):
        axes.plot([x, right], [y, y], color=colour, lw=0.4, alpha=0.5, zorder=1)
        axes.plot([1, 1 + STRIP], [start, place], color=colour, lw=0.4, alpha=0.5, transform=axes.transAxes,
                  clip_on=False)  # fmt: skip
        axes.text(1 + 1.2 * STRIP, place, name, transform=axes.transAxes, va="center", fontsize=size,
                  color=drawing.BLACK)  # fmt: skip


def needed(count: int, size: float = 6.5) -> float:
    """Inches of height that so many names take."""
    return 1.25 * size / 72 * count
