"""Work over random subsets of the training points that a method draws for itself: one part a subset, kept when done."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from attribution.files import hdf5
from attribution.methods.run import Run
from attribution.retraining import subsets, truth


def drawn(run: Run, chosen: dict) -> np.ndarray:
    """(K, n) bool, True where a point is in a subset; none is one that judges or that datamodels are fitted on.

    Args:
        chosen: `networks`, `alpha` and `seed`, which all but the last stand in the run's facts too.
    """
    run.facts |= {name: chosen[name] for name in ("networks", "alpha")}
    return subsets.random_subsets(
        len(run.labels), chosen["alpha"], 0, chosen["networks"], chosen["seed"], truth.ATTRIBUTED
    )


def is_done(path: Path | None) -> bool:
    """Whether a part was finished before a kill; nothing is where no file is kept."""
    return path is not None and path.exists()


def kept(run: Run, path: Path | None, work: Callable[[], dict[str, np.ndarray]], names: tuple) -> list[np.ndarray]:
    """Arrays of one part by their names, from its file where that is done, and else from `work`, which then is kept.

    Seconds of a file count among the method's, see `Run.facts`.

    Args:
        path: of the part, None where nothing is kept. names: of the arrays, in the order wanted.
    """
    if is_done(path):
        took = float(hdf5.attributes(path)["seconds"])
        run.facts["seconds_before"] = run.facts.get("seconds_before", 0.0) + took
        return hdf5.read(path, *names)
    begun, found = time.perf_counter(), work()
    if path is not None:
        hdf5.write(path, found, {"seconds": time.perf_counter() - begun})
    return [found[name] for name in names]
