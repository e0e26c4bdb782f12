"""Pixels of an image, whatever Pillow's mode: of grey a byte or two, or of colours three bytes."""

import numpy as np
from PIL import Image

from attribution.files import image_names

LARGEST = np.iinfo(np.uint16).max


def of_file(path) -> tuple[np.ndarray, bool]:
    """Pixels of an image file.

    What is transparent is seen before white, and greys of more than a byte keep their values.

    Returns:
        (height, width) uint8 or uint16 of grey, or (height, width, 3) uint8; and whether some of it was transparent.

    Raises:
        ValueError: one sentence.
    """
    try:
        with Image.open(path) as image:
            image.load()
            return _pixels(image)
    except (OSError, SyntaxError) as error:
        raise ValueError(f"{path} is no image that Pillow decodes ({error}); mend or remove it") from None
    except ValueError as error:
        raise ValueError(f"{path} {error}") from None


def resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """The same in another size, bicubic."""
    if pixels.shape[:2] == (height, width):
        return pixels
    # of two bytes Pillow takes the nearest pixel alone
    wide = pixels.dtype == np.uint16
    found = np.asarray(Image.fromarray(pixels.astype(np.float32) if wide else pixels).resize((width, height)))
    return np.clip(np.rint(found), 0, LARGEST).astype(np.uint16) if wide else found


def stacked(pixels: list[np.ndarray], names: list) -> np.ndarray:
    """(n, height, width) or (n, height, width, 3) of one dtype, grey becoming colours where others have some.

    Args:
        pixels: of one height and width. names: of their files, for messages.

    Raises:
        ValueError: one sentence, where a part of them has two bytes: nothing says how their values compare.
    """
    wide = [one.dtype == np.uint16 for one in pixels]
    if any(wide) and not all(wide):
        two, other = wide.index(True), wide.index(False)
        raise ValueError(
            f"{names[two]} has greys of 16 bits and {names[other]} "
            f"{'greys' if pixels[other].ndim == 2 else 'colours'} of 8; bring all images to one form"
        )
    grey = all(one.ndim == 2 for one in pixels)
    found = np.empty((len(pixels), *pixels[0].shape[:2], *(() if grey else (3,))), dtype=pixels[0].dtype)
    for place, one in enumerate(pixels):
        found[place] = one if grey or one.ndim == 3 else one[..., None]
    return found


def _pixels(image: Image.Image) -> tuple[np.ndarray, bool]:
    """As `of_file`; an error is the part of a sentence after the file."""
    if image.mode in image_names.WIDE:
        values = np.asarray(image)
        if values.min() < 0 or values.max() > LARGEST:
            raise ValueError(f"holds greys of {values.min()} to {values.max()}; expected are 0 to {LARGEST}, 16 bits")
        return values.astype(np.uint16), False
    if image.mode == "F":
        raise ValueError("holds floating-point numbers; save it with 8 or 16 bits, or all images as arrays in npz")
    mode, clear = "L" if image.mode in image_names.GREY else "RGB", False
    if image.has_transparency_data:
        image = image.convert("RGBA")
        clear = image.getchannel("A").getextrema()[0] < 255
        if clear:
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert(mode)), clear
