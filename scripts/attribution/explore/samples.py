"""How samples are shown: images on sheets, rows of numbers and texts as they are."""

import base64
import io

import numpy as np
from PIL import Image

# of one image on the sheet, in pixels along its longer side, and up to which side nothing is lost
LARGEST, LOSSLESS = 64, 32
COLUMNS = 50
# pixels along a side of a sheet that WebP can hold
SIDE = 16383
# numbers of a row that are shown, and characters of a text
NUMBERS, CHARACTERS = 12, 600
DIGITS = 4
# how far back a text may be cut, as a share, to end with a word
BACK = 0.8


def is_images(x) -> bool:
    """Whether samples (n, ...) are images: (n, height, width), with 1 or 3 channels last or none."""
    return len(x.shape) == 3 or (len(x.shape) == 4 and x.shape[3] in (1, 3))


def sheets(images: np.ndarray) -> dict:
    """Pictures of many images, row by row, as data URIs; another begins where one is full.

    Args:
        images: (q, h, w), (q, h, w, 1) or (q, h, w, 3); bytes as they are, other numbers from smallest to largest.

    Returns:
        `uris`, `columns`, `rows` of each of them (the last may have fewer), `width` and `height` of an image in pixels.
    """
    images = images[..., 0] if images.ndim == 4 and images.shape[3] == 1 else images
    scale = min(1.0, LARGEST / max(images.shape[1:3]))
    height, width = (max(1, round(side * scale)) for side in images.shape[1:3])
    each = COLUMNS * (SIDE // height)
    starts = range(0, max(len(images), 1), each)
    uris = [_sheet(images[start : start + each], height, width, scale) for start in starts]
    rows = [max(1, -(-len(images[start : start + each]) // COLUMNS)) for start in starts]
    return {"uris": uris, "columns": COLUMNS, "rows": rows, "width": width, "height": height}


def _sheet(images: np.ndarray, height: int, width: int, scale: float) -> str:
    whole = Image.new(
        "RGB" if images.ndim == 4 else "L", (COLUMNS * width, max(1, -(-len(images) // COLUMNS)) * height)
    )
    for place, image in enumerate(images):
        one = Image.fromarray(_bytes(image))
        one = one if scale == 1 else one.resize((width, height), Image.Resampling.LANCZOS)
        whole.paste(one, (place % COLUMNS * width, place // COLUMNS * height))
    written, small = io.BytesIO(), max(width, height) <= LOSSLESS
    whole.save(written, "WEBP", lossless=small, quality=90)
    return "data:image/webp;base64," + base64.b64encode(written.getvalue()).decode()


def texts(x: np.ndarray, items: np.ndarray | None, names: list[str] | None = None) -> list[str]:
    """A line a sample: its item where the data have some, else its first numbers; empty for images without items.

    Args:
        x: (q, ...) samples. items: (q,) texts or names, or None. names: of the numbers of a sample, where known.
    """
    if items is not None:
        return [clipped(text, CHARACTERS) for text in map(str, items)]
    if is_images(x):
        return [""] * len(x)
    flat = x.reshape(len(x), -1)
    more = f", ... ({flat.shape[1]} numbers)" if flat.shape[1] > NUMBERS else ""
    shown = [f"x{j}" for j in range(1, NUMBERS + 1)] if names is None else list(map(str, names))[:NUMBERS]
    return [
        ", ".join(f"{name} {value:.{DIGITS}g}" for name, value in zip(shown, row, strict=False)) + more for row in flat
    ]


def clipped(text: str, most: int) -> str:
    """At most so many characters, and what says that there are more; cut between words where there are some."""
    if len(text) <= most:
        return text
    kept = text[: most + 1].rstrip()
    words = kept.rpartition(" ")[0]
    return (words if len(words) > BACK * most else kept[:most]) + " ..."


def _bytes(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    low, high = float(image.min()), float(image.max())
    return np.round(255 * (image - low) / max(high - low, np.finfo(float).tiny)).astype(np.uint8)
