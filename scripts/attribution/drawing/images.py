"""Images in rows, with a line of text above and below each."""

import numpy as np

from attribution.drawing import style as drawing

# Height of a cell, in widths of an image: the image and its texts.
ROW = 1.55
GAP = 0.06


def are_images(x) -> bool:
    """Whether samples (n, ...) are images: (n, height, width) with, last, 1 or 3 channels or none."""
    return len(x.shape) == 3 or (len(x.shape) == 4 and x.shape[3] in (1, 3))


def require_images(path: str, x) -> None:
    """Raise ValueError unless samples (n, ...) are images, see `are_images`."""
    if not are_images(x):
        raise ValueError(
            f"{path} holds samples of shape {tuple(x.shape[1:])}; this figure shows images, of shape (height, width), "
            "(height, width, 1) or (height, width, 3)"
        )


def rows_of(array, index: np.ndarray) -> np.ndarray:
    """(q, ...) rows of an open HDF5 dataset, in the order of `index`, which may repeat."""
    unique, place = np.unique(index, return_inverse=True)
    return array[unique][place]


def canvas(axes, columns: float, rows: int, above: bool = False) -> None:
    """Prepare axes for `rows` rows of pictures; one data unit is the width of a cell."""
    axes.set(xlim=(0, columns), ylim=(rows * ROW, -0.3 if above else 0))
    axes.set_aspect("equal")
    axes.axis("off")


def picture(axes, image: np.ndarray, column: float, row: float, size: float = 1.0, frame: str | None = None) -> None:
    """Show an image in a cell.

    Args:
        image: (h, w), (h, w, 1) or (h, w, 3); bytes as they are, other numbers from smallest to largest.
        column, row: of the upper left cell. size: cells along each side. frame: colour of a frame.
    """
    shown = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if shown.dtype != np.uint8:
        shown = (shown - shown.min()) / max(float(np.ptp(shown)), np.finfo(float).tiny)
    left, top = column + GAP / 2, row * ROW
    right, bottom = column + size - GAP / 2, row * ROW + size - GAP
    axes.imshow(shown, extent=(left, right, bottom, top), cmap="gray", interpolation="nearest", clip_on=False)
    if frame:
        edges = [left, right, right, left, left], [top, top, bottom, bottom, top]
        axes.plot(*edges, color=frame, lw=1.6, clip_on=False)
    # imshow fits the axes to the last image
    axes.autoscale(False)


def strip(
    axes,
    images: np.ndarray,
    below: list[str],
    columns: int,
    first_column: float = 0,
    above: list[str] | None = None,
    colours: list[str] | None = None,
    frames: list[str | None] | None = None,
) -> None:
    """Show images row by row, `columns` in each.

    Args:
        images: (q, ...). below, above: (q,) texts. colours: (q,) of the text below. frames: (q,) colours, or None.
    """
    limits = axes.get_xlim(), axes.get_ylim()
    for i, (image, text) in enumerate(zip(images, below, strict=True)):
        row, column = divmod(i, columns)
        column += first_column
        picture(axes, image, column, row, frame=frames[i] if frames else None)
        place = {"ha": "center", "fontsize": 5.5, "linespacing": 1.05}
        axes.text(
            column + 0.5, row * ROW + 1.0, text, va="top", color=colours[i] if colours else drawing.BLACK, **place
        )
        if above:
            axes.text(column + 0.5, row * ROW - 0.03, above[i], va="bottom", **place)
    axes.set(xlim=limits[0], ylim=limits[1])
