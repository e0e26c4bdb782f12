"""What scores/METHOD.h5 and scores/TABLE/METHOD.h5 hold: the numbers of one method, written once, read by every judge.

scores/METHOD.h5: `points` (p,) float64, larger = more suspicious, of the training points `index` (p,) int64; `targets`
(t,) int64 and either `pairs` (t, n) float64 or its factors `left` (t, k) and `right` (n, k); `removals/one` (n, n + m)
and `removals/groups` (g, n + m) float64, changes of the losses of all training and test points. scores/TABLE/METHOD.h5:
`seeds` (s,) int64, each as often as it has groups, and, for each direction, `members/DIRECTION` (s, size) int64, the
seed first, -1 where a group ended.

Attributes: `method`, `row` (its name in tables), `family`, `directions`, `stored` (1 where the scores stood in a file
already), `peak_memory` in bytes, `seconds` of all and of each array.
"""

import numpy as np

from attribution.files import hdf5
from attribution.files.results.boundary import INDEX
from attribution.files.results.groups import MEMBERS, SEEDS
from attribution.files.results.influence import TARGETS
from attribution.numerics.similarity import Score

POINTS, PAIRS, LEFT, RIGHT = "points", "pairs", "left", "right"
ALONE, TOGETHER = "removals/one", "removals/groups"
# Targets scored at a time, as many as `retrieval.ranks` asks for: blocks of another size would round otherwise.
BLOCK = 256


def points(path: str, judge: str) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Scores (p,) of the training points (p,), and the seconds that they took; None for what stood in a file before.

    Args:
        path: scores/METHOD.h5. judge: who asks.

    Raises:
        ValueError: when the method gives none.
    """
    with hdf5.file(path) as file:
        _require(file, POINTS, judge, "scores of points")
        took = None if file.attrs["stored"] else float(file[POINTS].attrs["seconds"])
        return file[POINTS][()], file[INDEX][()], took


def pairs(path: str, judge: str) -> tuple[Score, tuple[str, ...], float]:
    """Pairs as a function of targets (t,) to (t, n), the directions that the method has, and seconds.

    Raises:
        ValueError: when the method gives none; when called, for a target that the file does not hold.
    """
    with hdf5.file(path) as file:
        if LEFT not in file:
            _require(file, PAIRS, judge, "scores of pairs")
        factored = LEFT in file
        rows = file[LEFT if factored else PAIRS][()]
        right = file[RIGHT][()] if factored else None
        took = float(file[LEFT if factored else PAIRS].attrs["seconds"])
        row_of = {int(target): row for row, target in enumerate(file[TARGETS][()])}
        ends = tuple(file.attrs["directions"])

    def score(queries: np.ndarray) -> np.ndarray:
        absent = [int(query) for query in queries if int(query) not in row_of]
        if absent:
            raise ValueError(f"{path} holds no scores of target {absent[0]}; delete it and run its rule again")
        chosen = rows[[row_of[int(query)] for query in queries]]
        return chosen @ right.T if factored else chosen

    return score, ends, took


def attribution(path: str, targets: np.ndarray) -> tuple[np.ndarray, dict]:
    """Pairs (t, n) of a method, and its attributes.

    Raises:
        ValueError: when it was asked about other targets.
    """
    asked, pairs = hdf5.read(path, TARGETS, PAIRS)
    if not np.array_equal(asked, targets):
        raise ValueError(f"{path} is about other test points than the truth; delete it and run its rule again")
    return pairs, hdf5.attributes(path)


def removals(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Changes (n, n + m) of losses when each point leaves, and (g, n + m) when each group of `retraining.groups` does.

    Raises:
        ValueError: when the method gives none.
    """
    with hdf5.file(path) as file:
        _require(file, TOGETHER, "leave_groups_out", "changes of losses without groups")
        return file[ALONE][()], file[TOGETHER][()]


def row(path: str) -> str:
    """The method's name in tables."""
    return hdf5.attributes(path)["row"]


def groups(path: str, judge: str, direction: str = "max") -> tuple[list[np.ndarray], np.ndarray, float]:
    """Members of each seed's group, the seeds (s,), and seconds; the only direction of a method that has one.

    Args:
        path: scores/TABLE/METHOD.h5. judge: who asks. direction: `max` or `min`.
    """
    with hdf5.file(path) as file:
        _require(file, MEMBERS, judge, "groups")
        kept = file[MEMBERS]
        found = kept[direction if direction in kept else next(iter(kept))]
        took = float(found.attrs["seconds"])
        return [members[members >= 0] for members in found[()]], file[SEEDS][()], took


def directions(path: str) -> list[str]:
    """Directions of the groups in scores/TABLE/METHOD.h5, `max` before `min`."""
    with hdf5.file(path) as file:
        return sorted(file[MEMBERS])


def _require(file, name: str, judge: str, words: str) -> None:
    if name not in file:
        raise ValueError(
            f"method '{file.attrs['method']}' gives no {words}, which {judge} needs; take it out of methods.{judge}"
        )
