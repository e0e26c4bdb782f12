"""What scores/METHOD.h5 and scores/TABLE/METHOD.h5 hold: the numbers of one method, written once, read by every judge.

scores/METHOD.h5: `points` (p,) float64, larger = more suspicious, of the training points `index` (p,) int64; `targets`
(t,) int64 and either `pairs` (t, n) float64 or its factors `left` (t, k) and `right` (n, k). scores/TABLE/METHOD.h5:
`seeds` (s,) int64 and, for each direction, `members/DIRECTION` (s, size) int64, the seed first, -1 where a group ended.

Attributes: `method`, `family`, `directions`, `stored` (1 where the scores stood in a file already), `peak_memory` in
bytes, `seconds` of all and of each array.
"""

import resource
import sys
import time

import numpy as np

from attribution.files import hdf5, names
from attribution.methods import base, targets
from attribution.methods.run import Run
from attribution.numerics.similarity import Score

POINTS, PAIRS, LEFT, RIGHT = "points", "pairs", "left", "right"
# Targets scored at a time, as many as `retrieval.ranks` asks for: blocks of another size would round otherwise.
BLOCK = 256


def write_scores(label: str, method: base.Method, run: Run, path: str, attributes: dict) -> None:
    """Write scores/METHOD.h5: points where the method gives some, pairs of the injected images where there are some.

    Args:
        label: the method's name. path: of the file. attributes: that every result carries.

    Raises:
        ValueError: when the method has nothing to give for this run, or a score of a point is NaN.
    """
    arrays, facts, begun = {}, {}, time.perf_counter()
    if hasattr(method, "points"):
        arrays[POINTS] = np.asarray(method.points(run), dtype=np.float64)
        if np.isnan(arrays[POINTS]).any():
            count = int(np.isnan(arrays[POINTS]).sum())
            raise ValueError(f"{count} scores of points by method '{label}' are NaN and cannot be ranked")
        facts[f"{POINTS}/seconds"] = time.perf_counter() - begun
        arrays[names.INDEX] = method.index(run) if hasattr(method, "index") else np.arange(len(arrays[POINTS]))
    pairs = targets.injected_pairs(run.files["data"])
    if pairs is not None and (hasattr(method, "pairs") or hasattr(method, "factors")):
        queries, start = pairs[:, 0], time.perf_counter()
        found = _pairs(method, run, queries)
        arrays |= {names.TARGETS: queries} | found
        facts |= {f"{name}/seconds": time.perf_counter() - start for name in found}
    if not arrays:
        raise ValueError(
            f"method '{label}' gives no scores of points, and no injected images whose pairs it could score are in "
            f"{run.files['data']}"
        )
    hdf5.write(path, arrays, attributes | facts | _described(label, method, begun))


def _pairs(method: base.Method, run: Run, queries: np.ndarray) -> dict[str, np.ndarray]:
    if hasattr(method, "factors"):
        return dict(zip((LEFT, RIGHT), method.factors(run, queries), strict=True))
    blocks = [method.pairs(run, queries[start : start + BLOCK]) for start in range(0, len(queries), BLOCK)]
    return {PAIRS: np.concatenate(blocks)}


def write_groups(
    label: str, method: base.Method, run: Run, seeds: list[int], asked: dict, path: str, attributes: dict
) -> None:
    """Write scores/TABLE/METHOD.h5.

    Args:
        label: the method's name. seeds: training indices. asked: `size` of a group and `directions`, of which a method
            that has no such end leaves out.
        path, attributes: as in `write_scores`.

    Raises:
        ValueError: when the method gives no groups.
    """
    grow, begun = base.part(method, "groups", label), time.perf_counter()
    arrays, facts = {names.SEEDS: np.array(seeds)}, {}
    ends = [end for end in asked["directions"] if end in base.directions(method)] or ["max"]
    for end in ends:
        start, name = time.perf_counter(), f"{names.MEMBERS}/{end}"
        found = grow(run, seeds, asked["size"], end)
        facts[f"{name}/seconds"] = time.perf_counter() - start
        arrays[name] = np.full((len(seeds), asked["size"]), -1, dtype=np.int64)
        for row, members in zip(arrays[name], found, strict=True):
            row[: len(members)] = members
        print(f"{label}, {end}: {facts[f'{name}/seconds']:.1f} s", flush=True)
    hdf5.write(path, arrays, attributes | facts | _described(label, method, begun))


def _described(label: str, method: base.Method, begun: float) -> dict:
    # Linux counts in kilobytes, macOS in bytes
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "method": label,
        "family": method.family,
        "directions": list(base.directions(method)),
        "stored": int(getattr(method, "stored", False)),
        "seconds": time.perf_counter() - begun,
        "peak_memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
    }


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
        return file[POINTS][()], file[names.INDEX][()], took


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
        row_of = {int(target): row for row, target in enumerate(file[names.TARGETS][()])}
        ends = tuple(file.attrs["directions"])

    def score(queries: np.ndarray) -> np.ndarray:
        absent = [int(query) for query in queries if int(query) not in row_of]
        if absent:
            raise ValueError(f"{path} holds no scores of target {absent[0]}; delete it and run its rule again")
        chosen = rows[[row_of[int(query)] for query in queries]]
        return chosen @ right.T if factored else chosen

    return score, ends, took


def groups(path: str, judge: str, direction: str = "max") -> tuple[list[np.ndarray], np.ndarray, float]:
    """Members of each seed's group, the seeds (s,), and seconds; the only direction of a method that has one.

    Args:
        path: scores/TABLE/METHOD.h5. judge: who asks. direction: `max` or `min`.
    """
    with hdf5.file(path) as file:
        _require(file, names.MEMBERS, judge, "groups")
        kept = file[names.MEMBERS]
        found = kept[direction if direction in kept else next(iter(kept))]
        took = float(found.attrs["seconds"])
        return [members[members >= 0] for members in found[()]], file[names.SEEDS][()], took


def directions(path: str) -> list[str]:
    """Directions of the groups in scores/TABLE/METHOD.h5, `max` before `min`."""
    with hdf5.file(path) as file:
        return sorted(file[names.MEMBERS])


def _require(file, name: str, judge: str, words: str) -> None:
    if name not in file:
        raise ValueError(
            f"method '{file.attrs['method']}' gives no {words}, which {judge} needs; take it out of methods.{judge}"
        )
