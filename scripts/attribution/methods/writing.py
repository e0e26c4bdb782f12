"""Write what one method gives a run: scores/METHOD.h5 and scores/TABLE/METHOD.h5, see `scores`; attributions/METHOD.h5
and group-removals/METHOD.h5, see `files.results.retraining`."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from attribution.files import hdf5
from attribution.files.results.boundary import INDEX
from attribution.files.results.groups import MEMBERS, SEEDS
from attribution.files.results.influence import TARGETS
from attribution.files.results.retraining import FALLS, KEPT
from attribution.groups import by_pairs
from attribution.methods import base, targets
from attribution.methods.run import Run
from attribution.methods.scores import ALONE, BLOCK, LEFT, PAIRS, POINTS, RIGHT, TOGETHER
from attribution.runtime import memory


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
        arrays[INDEX] = method.index(run) if hasattr(method, "index") else np.arange(len(arrays[POINTS]))
    pairs = targets.injected_pairs(run.files["data"])
    if pairs is not None and (hasattr(method, "pairs") or hasattr(method, "factors")):
        queries, start = pairs[:, 0], time.perf_counter()
        found = _pairs(method, run, queries)
        arrays |= {TARGETS: queries} | found
        facts |= {f"{name}/seconds": time.perf_counter() - start for name in found}
    if hasattr(method, "removals"):
        arrays |= dict(zip((ALONE, TOGETHER), method.removals(run), strict=True))
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


def write_attributions(
    label: str, method: base.Method, run: Run, asked: np.ndarray, path: str, attributes: dict
) -> None:
    """Write attributions/METHOD.h5: `targets` (t,) and `pairs` (t, n), with `unit` and what the method says of itself.

    Args:
        asked: (t,) targets, indices into `run.queried`.

    Raises:
        ValueError: when a score is not finite.
    """
    begun = time.perf_counter()
    found = _finite(base.part(method, "pairs", label)(run, asked), label, "attributions")
    facts = {"unit": getattr(method, "unit", "")} | _told(label, method, run, begun)
    hdf5.write(path, {TARGETS: asked, PAIRS: found}, attributes | facts)


def write_falls(
    label: str, method: base.Method, run: Run, asked: np.ndarray, kept: np.ndarray, path: str, attributes: dict
) -> None:
    """Write group-removals/METHOD.h5: `targets` (t,), `kept` (g, n) and `falls` (g, t), with what the method says of
    itself.

    Args:
        asked: (t,) targets, indices into `run.queried`. kept: (g, n) bool, False where a point leaves.

    Raises:
        ValueError: when a fall is not finite, or the method gives none.
    """
    begun = time.perf_counter()
    found = _finite(base.part(method, "falls", label)(run, asked, kept), label, "falls")
    facts = _told(label, method, run, begun)
    hdf5.write(path, {TARGETS: asked, KEPT: kept, FALLS: found}, attributes | facts)


def _finite(found: np.ndarray, label: str, what: str) -> np.ndarray:
    found = np.asarray(found, dtype=np.float64)
    if not np.isfinite(found).all():
        raise ValueError(f"{(~np.isfinite(found)).sum()} of {found.size} {what} by method '{label}' are not finite")
    return found


def _told(label: str, method: base.Method, run: Run, begun: float) -> dict:
    """What is said of a method of targets, its seconds with those of what it alone needs."""
    facts = _described(label, method, begun) | run.facts
    facts["seconds"] += facts.get("seconds_before", 0.0)
    print(f"{label}: {facts['seconds']:.1f} s, {facts['peak_memory'] / 1e6:.0f} MB", flush=True)
    return facts


def write_groups(
    label: str, method: base.Method, run: Run, seeds: list[int], asked: dict, path: str, attributes: dict
) -> None:
    """Write scores/TABLE/METHOD.h5.

    Args:
        label: the method's name. seeds: training indices. asked: `size` of a group, of all points where it is None, and
            `directions`, of which a method that has no such end leaves out; and where a method of chance draws many
            groups from each seed, `draws` with their `count` and `seed`.
        path, attributes: as in `write_scores`.

    Raises:
        ValueError: when the method gives no groups.
    """
    grow, begun = _grower(method, label), time.perf_counter()
    size = len(run.labels) if asked["size"] is None else asked["size"]
    if "draws" in asked and hasattr(method, "draws"):
        seeds, grow = _drawn(method, seeds, **asked["draws"])
    arrays, facts = {SEEDS: np.array(seeds)}, {}
    ends = [end for end in asked["directions"] if end in base.directions(method)] or ["max"]
    for end in ends:
        start, name = time.perf_counter(), f"{MEMBERS}/{end}"
        found = grow(run, seeds, size, end)
        facts[f"{name}/seconds"] = time.perf_counter() - start
        arrays[name] = np.full((len(seeds), size), -1, dtype=np.int64)
        for row, members in zip(arrays[name], found, strict=True):
            row[: len(members)] = members
        print(f"{label}, {end}: {facts[f'{name}/seconds']:.1f} s", flush=True)
    hdf5.write(path, arrays, attributes | facts | _described(label, method, begun))


def _grower(method: base.Method, label: str) -> Callable:
    """The method's own groups, or Algorithm 1 on its pairs."""
    if hasattr(method, "groups") or not hasattr(method, "pairs"):
        return base.part(method, "groups", label)

    def grow(run: Run, seeds: list[int], size: int, direction: str) -> list[np.ndarray]:
        lists = [[int(seed)] for seed in seeds]
        found = by_pairs.grow(partial(method.pairs, run), len(run.labels), lists, size, direction, run.keys)
        return [group.members for group in found]

    return grow


def _drawn(method: base.Method, seeds: list[int], count: int, seed: int) -> tuple[list[int], Callable]:
    """Each seed as often as it has groups, and what draws them."""
    rng = np.random.default_rng(seed)
    repeated = [point for point in seeds for _ in range(count)]
    return repeated, lambda run, points, size, direction: method.draws(run, points, size, rng)


def _described(label: str, method: base.Method, begun: float) -> dict:
    return {
        "method": label,
        "row": getattr(method, "row", label),
        "family": method.family,
        "directions": list(base.directions(method)),
        "stored": int(getattr(method, "stored", False)),
        "seconds": time.perf_counter() - begun,
        "peak_memory": memory.peak(),
    }
