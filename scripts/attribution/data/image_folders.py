"""One's own images: a folder with a folder of images for each class, as Keras has it."""

from pathlib import Path

import numpy as np

from attribution.data import splits
from attribution.files import image_names


def read(path: str, settings: dict) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays of the images, decoded by Pillow.

    Args:
        path: of the folder; the classes are its folders, or those in its folders `train` and `test`, see
            `image_names.parts`. settings: `test`, another such folder or a share of the images, unless there is a
            folder `test`; `size`, [height, width] to which images are brought, which may be left out where all have
            one; `seed` of the split.

    Returns:
        arrays: x_train (n, height, width) uint8 where all images are grey, uint16 where they have 16 bits, else
            (n, height, width, 3) uint8; y_train (n,) texts, names of the folders; id_train (n,) texts, paths below the
            folder. x_test and so on. facts: `notes`, sentences of what was left out or changed, where anything was.

    Raises:
        ValueError: one sentence.
    """
    first, second, notes = image_names.parts(path, settings["test"])
    train, said = image_names.listed(first)
    notes += said
    if second is None:
        labels = np.array([name.split("/")[0] for name in train])
        chosen = splits.of_test(path, labels, settings["test"], settings["seed"])
        test, second = [name for name, out in zip(train, chosen, strict=True) if out], first
        train = [name for name, out in zip(train, chosen, strict=True) if not out]
    else:
        test, said = image_names.listed(second)
        notes += said
    x, said = _pixels([first / name for name in train] + [second / name for name in test], settings.get("size"))
    notes += said
    arrays = {"x_train": x[: len(train)], "x_test": x[len(train) :]}
    for part, names in (("train", train), ("test", test)):
        arrays[f"y_{part}"] = np.array([name.split("/")[0] for name in names])
        arrays[f"id_{part}"] = np.array(names)
    return arrays, {"notes": notes} if notes else {}


def _pixels(files: list[Path], size: list[int] | None) -> tuple[np.ndarray, list[str]]:
    """Pixels of all images, see `pixels.stacked`, and a sentence where some are transparent; an error names the file.

    Args:
        size: height and width to which they are brought, or None.
    """
    from attribution.data.stored import pixels

    found, clear = [], []
    for file in files:
        one, seen_through = pixels.of_file(file)
        if not size and found and one.shape[:2] != found[0].shape[:2]:
            raise ValueError(
                f"{file} is of {one.shape[0]} x {one.shape[1]} pixels and the first of {found[0].shape[0]} x "
                f"{found[0].shape[1]}; give size: [height, width] to bring all to one"
            )
        found.append(pixels.resized(one, *size) if size else one)
        clear += [file] if seen_through else []
    said = []
    if clear:
        said = [
            f"{len(clear)} of {len(files)} images have transparent pixels, {clear[0]} first; they stand before white"
        ]
    return pixels.stacked(found, files), said
