"""Folders of groups in result files: named by the training index that a group grows from, or by all: 17, 17+42+203."""

from collections.abc import Iterable


def folder_of(start: list[int]) -> str:
    """Name of the folder of the group that grows from these training indices."""
    return "+".join(map(str, start))


def start_of(folder: str) -> tuple[int, ...]:
    """The training indices that a folder's group grows from."""
    return tuple(map(int, folder.split("+")))


def images(rows: Iterable[int]) -> str:
    """What figures say of a start by the user's own rows: training image 17, or training images 17, 42, 203."""
    rows = list(rows)
    return f"training image{'s' * (len(rows) > 1)} {', '.join(map(str, rows))}"
