"""The points at both ends of a score: as images, or on the data's own plane."""

import numpy as np

from attribution.drawing import images as pictures
from attribution.drawing import style as drawing

# neither is the colour of a class or of a seed
POSITIVE, NEGATIVE = drawing.BLACK, drawing.PINK


def in_plane(x) -> bool:
    """Whether samples (n, ...) are points of a plane."""
    return tuple(x.shape[1:]) == (2,)


def of_plane(axes, x: np.ndarray, y: np.ndarray, shown: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> None:
    """Draw points (n, 2) faint, and of `shown` (q, 2) those of these numbers at both ends."""
    drawing.points(axes, x, y, faint=True)
    axes.scatter(*shown[positive].T, s=26, marker="^", color=POSITIVE, lw=0, label="most positive")
    axes.scatter(*shown[negative].T, s=26, marker="v", color=NEGATIVE, lw=0, label="most negative")


def of_images(axes, images, texts, positive: np.ndarray, negative: np.ndarray, first: float = 0) -> None:
    """Show images of these numbers in two rows, the positive end above, on a canvas of two rows.

    Args:
        images: (n, ...) open array. texts: what stands below each, by its number. first: column of the first.
    """
    for line, (chosen, colour) in enumerate(((positive, POSITIVE), (negative, NEGATIVE))):
        for column, (image, point) in enumerate(zip(pictures.rows_of(images, chosen), chosen, strict=True)):
            pictures.picture(axes, image, first + column, line, frame=colour)
            axes.text(first + column + 0.5, line * pictures.ROW + 1.0, texts[point], va="top", ha="center",
                      fontsize=5.5, linespacing=1.05)  # fmt: skip


def order(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the `count` largest values, from the largest, and of the smallest, from the smallest.

    No point is in both: of few points each end has at most half.
    """
    ranked = np.argsort(-values, kind="stable")
    count = min(count, len(values) // 2)
    return ranked[:count], ranked[::-1][:count]
