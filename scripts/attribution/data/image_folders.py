"""One's own images: a folder with a folder of images for each class, as Keras has it."""

import os
from pathlib import Path

import numpy as np

from attribution.data import splits

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif")


def read(path: str, settings: dict) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays of the images, decoded by Pillow.

    Args:
        path: of the folder; the classes are its folders, or those in its folders `train` and `test`. settings: `test`,
            another such folder or a share of the images, unless there is a folder `test`; `size`, [height, width] to
            which images are brought, which may be left out where all have one; `seed` of the split.

    Returns:
        arrays: x_train (n, height, width) uint8 where all images are grey, else (n, height, width, 3); y_train (n,)
        texts, names of the folders; id_train (n,) texts, paths below the folder. x_test and so on. facts: none.

    Raises:
        ValueError: one sentence.
    """
    first, second = _parts(path, settings["test"])
    train = files(first)
    if second is None:
        labels = np.array([name.split("/")[0] for name in train])
        chosen = splits.of_test(path, labels, settings["test"], settings["seed"])
        test, second = [name for name, out in zip(train, chosen, strict=True) if out], first
        train = [name for name, out in zip(train, chosen, strict=True) if not out]
    else:
        test = files(second)
    images = {"train": _decoded(first, train), "test": _decoded(second, test)}
    size, grey = settings.get("size"), all(image.mode in ("L", "1") for part in images.values() for image in part)
    arrays = {}
    for part, folder, names in (("train", first, train), ("test", second, test)):
        arrays[f"x_{part}"] = _stacked(images[part], folder, names, size or images["train"][0].size[::-1], grey, size)
        arrays[f"y_{part}"] = np.array([name.split("/")[0] for name in names])
        arrays[f"id_{part}"] = np.array(names)
    return arrays, {}


def files(folder: Path) -> list[str]:
    """Paths of the images below a folder, CLASS/..., sorted.

    Raises:
        ValueError: one sentence, where it has fewer than two folders with images.
    """
    found = []
    for place, _, names in os.walk(folder, followlinks=True):
        inner = Path(place).relative_to(folder)
        if inner.parts:
            found += [(inner / name).as_posix() for name in names if name.casefold().endswith(ENDINGS)]
    classes = sorted({name.split("/")[0] for name in found})
    if len(classes) < 2:
        raise ValueError(
            f"{folder} has images ({', '.join(ENDINGS)}) in {len(classes)} of its folders; expected is a folder for "
            "each of two classes or more"
        )
    return sorted(found)


def _parts(path: str, test) -> tuple[Path, Path | None]:
    """Folders of the training and of the test set; None where the latter is a share."""
    folder = Path(path)
    inner = {one.name for one in folder.iterdir() if one.is_dir()}
    if inner == {"train", "test"}:
        return folder / "train", folder / "test"
    return folder, Path(test) if isinstance(test, str) else None


def _decoded(folder: Path, names: list[str]) -> list:
    """Pillow's images; an error names the file."""
    from PIL import Image

    found = []
    for name in names:
        try:
            with Image.open(folder / name) as image:
                image.load()
                found.append(image if image.mode in ("L", "1") else image.convert("RGB"))
        except (OSError, ValueError, SyntaxError) as error:
            raise ValueError(f"{folder / name} is no image that Pillow decodes ({error}); mend or remove it") from None
    return found


def _stacked(images: list, folder: Path, names: list[str], shape, grey: bool, size) -> np.ndarray:
    """(n, height, width) or (n, height, width, 3) uint8."""
    height, width = shape
    found = np.empty((len(images), height, width) if grey else (len(images), height, width, 3), dtype=np.uint8)
    for number, (image, name) in enumerate(zip(images, names, strict=True)):
        if image.size != (width, height):
            if not size:
                raise ValueError(
                    f"{folder / name} is of {image.size[1]} x {image.size[0]} pixels and the first of {height} x "
                    f"{width}; give size: [height, width] to bring all to one"
                )
            image = image.resize((width, height))
        found[number] = np.asarray(image.convert("L" if grey else "RGB"))
    return found
