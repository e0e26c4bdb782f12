"""Images below a folder: which folders are parts of a data set, which are classes, and which files are read."""

import os
from collections import Counter
from pathlib import Path
from types import MappingProxyType

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
# of folders that are no class, as long as they hold folders
PARTS = MappingProxyType({
    "train": "train", "training": "train", "test": "test", "testing": "test",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
})  # fmt: skip
# Pillow's modes of one channel: of a byte, and of more
GREY = ("1", "L", "LA", "La")
WIDE = ("I;16", "I;16L", "I;16B", "I;16N", "I")


def parts(path: str, test) -> tuple[Path, Path | None, list[str]]:
    """Folders of the training and of the test set, and a sentence for what is left out.

    A folder called as a part is one where it holds folders of images, and a class where it holds images.

    Args:
        path: of the folder. test: the settings' folder of a test set, or a share.

    Returns:
        the training set's folder; the test set's, None where it is a share of the training set's; sentences.

    Raises:
        ValueError: one sentence, where folders of parts stand beside others, or one of the two parts lacks.
    """
    folder, given = Path(path), Path(test) if isinstance(test, str) else None
    inner = [Path(one.path) for one in os.scandir(folder) if one.is_dir() and not _is_unseen(one.name)]
    full = sorted(one for one in inner if any(_images(one)))
    called = [one for one in full if one.name.casefold() in PARTS]
    # where all are called so, images that lie in them directly are missing their classes
    known = called if len(called) == len(full) else [one for one in called if not _has_images(one)]
    if not known:
        return folder, given, []
    of = {part: [one for one in known if PARTS[one.name.casefold()] == part] for part in set(PARTS.values())}
    others = [one.name for one in full if one not in known]
    if others or len(of["train"]) != 1 or (given is None and len(of["test"]) != 1):
        beside = f" beside {', '.join(others)}" if others else ""
        raise ValueError(
            f"{folder} has the folders {', '.join(one.name for one in known)}{beside}; expected are classes alone, or "
            f"train and test with a folder for each class; give the training set's folder as path (of `make new` as "
            "DATA), and the other's as test"
        )
    second = of["test"][0] if given is None else given
    unused = [one for one in known if one not in (of["train"][0], second) and one.resolve() != second.resolve()]
    said = [f"{one} is neither training nor test set; its {len(_images(one))} images are left out" for one in unused]
    return of["train"][0], second, said


def listed(folder) -> tuple[list[str], list[str]]:
    """Paths of the images below a folder, CLASS/..., sorted, and a sentence for files that are left out.

    What begins with a dot, as what other programs leave there, is no file of the user's.

    Raises:
        ValueError: one sentence, where it has fewer than two folders with images.
    """
    found, others = [], Counter()
    for name in _files(folder):
        ending = os.path.splitext(name)[1].casefold()
        if "/" in name and ending in ENDINGS:
            found.append(name)
        elif "/" in name or ending in ENDINGS:
            others[f"of {ending or 'no ending'}" if "/" in name else "in no class's folder"] += 1
    classes = {name.split("/")[0] for name in found}
    if len(classes) < 2:
        raise ValueError(
            f"{folder} has images ({', '.join(ENDINGS)}) in {len(classes)} of its folders; expected is a folder for "
            "each of two classes or more"
        )
    if not others:
        return sorted(found), []
    kinds = ", ".join(f"{count} {words}" for words, count in sorted(others.items()))
    return sorted(found), [
        f"left out of the files below {folder}: {kinds}, {others.total()} in all; read are {', '.join(ENDINGS)} in a "
        "folder for each class"
    ]


def _files(folder) -> list[str]:
    """Paths below a folder, with slashes."""
    found = []
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not _is_unseen(name)]
        inner = Path(place).relative_to(folder)
        found += [(inner / name).as_posix() for name in names if not _is_unseen(name)]
    return found


def _images(folder) -> list[str]:
    return [name for name in _files(folder) if name.casefold().endswith(ENDINGS)]


def _has_images(folder) -> bool:
    return any(one.is_file() and one.name.casefold().endswith(ENDINGS) for one in os.scandir(folder))


def _is_unseen(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
