"""What retraining said of removals: networks trained again without exactly the members of a group or part."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from attribution.files.results.retraining import KEPT, KIND, LOSSES, RETRAINED, UNTOUCHED
from attribution.retraining import loss_changes
from attribution.retraining.named import NAMED, RANDOM_CLASS

# drawn groups and single points, the points that a study names, and the truths that judge groups
DRAWN, NAMES = re.compile(r"retraining/(groups|leave-one-out)-\d+\.h5"), "retraining/named.h5"
TRUTH = re.compile(r"truth/(fixed|averaged)-(groups|leave-one-out)-\d+\.h5")


class Removal(NamedTuple):
    """`out` (n,) bool, the points that left; `rows`, pairs of words and a change, positive where it rose."""

    out: np.ndarray
    rows: list[tuple[str, float]]


def measured(run: Mapping) -> list[Removal]:
    """Every removal of several of a run's files, see `files.results.retraining`; repetitions each by itself."""
    found = []
    for name in run:
        if DRAWN.fullmatch(name):
            found += _drawn(run[name])
        elif name == NAMES:
            found += _named(run[name])
        elif match := TRUTH.fullmatch(name):
            found += _truth(run[name], match[1])
    return found


def of_order(removals: list[Removal], order: np.ndarray, size: int, least: int) -> list[list]:
    """Rows of the removals of a group, and of its first members where as many left and were not all.

    Args:
        removals: of `measured`. order: (members,) in which they joined. size: of the group. least: members that a
            group of its first ones has, without which it would be its seed alone.

    Returns:
        [words, mean over repetitions], those of the whole group first.
    """
    values: dict[tuple[int, str], list[float]] = {}
    for out, rows in removals:
        count = int(out.sum())
        if (count == size or least <= count <= len(order)) and out[order[:count]].all():
            start = "" if count == size else f"its first {count} members: "
            for words, value in rows:
                # the whole group before its first members
                values.setdefault((0 if count == size else count, start + words), []).append(value)
    ordered = sorted(values.items(), key=lambda item: item[0][0])
    return [[words, float(np.mean(several))] for (_, words), several in ordered]


def _drawn(file) -> Iterator[Removal]:
    kept, changes = loss_changes.read(file.path)
    n = kept.shape[1]
    for stayed, change in zip(kept, changes, strict=True):
        rows = [("loss on itself, retrained without it", change[:n][~stayed].mean())]
        if stayed.any():
            rows.append(("loss on the other training points, the same", change[:n][stayed].mean()))
        yield Removal(~stayed, [*rows, ("loss on the test points, the same", change[n:].mean())])


def _named(file) -> Iterator[Removal]:
    kind, change = file[KIND].astype(str), file[LOSSES].mean(axis=1)
    change = change - change[0]
    rows = [("loss on the test points, retrained without it", change[kind == NAMED][0])]
    if (drawn := kind == RANDOM_CLASS).any():
        words = f"the same, mean over {drawn.sum()} random sets of as many of each class"
        rows.append((words, change[drawn].mean()))
    yield Removal(~file[KEPT][kind == NAMED][0], rows)


def _truth(file, truth: str) -> Iterator[Removal]:
    rise = (file[RETRAINED] - file[UNTOUCHED][:, None]).mean(axis=(0, 2))
    words = f"margin of {file[UNTOUCHED].shape[1]} test points, retrained without it ({truth})"
    for stayed, value in zip(file[KEPT], rise, strict=True):
        yield Removal(~stayed, [(words, value)])
