"""TRAK over networks trained on random subsets of the points, from the run's own initial weights and batches."""

import time
from collections.abc import Callable

import numpy as np

from attribution.files import hdf5
from attribution.methods.influence import trak
from attribution.methods.run import Run
from attribution.methods.scores import PAIRS, POINTS
from attribution.retraining import subsets, truth


class TrakSubsets:
    """Mean of `trak` over networks trained on random subsets, as Park et al. (2023, section 3.2) train theirs; but the
    initial weights, batches and masks of dropout are those of the run.

    So it is a mean over the neighbourhood of this training, and not over what other trainings of the recipe share.
    Subsets are drawn of the points' places, so points in another order have other subsets.
    """

    family = "retraining"
    needs = ("data",)
    settings = (
        "trak.projection", "trak.blocks", "trak.ridge", "trak.seed", "trak.subsets", "influence.batch_size",
        "influence.matrix_gb",
    )  # fmt: skip

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n); raises as `trak.pairs_of`, and ValueError when the recipe does not say how it was trained."""
        return _mean(run, PAIRS, lambda model, number: trak.pairs_of(run, model, targets, number=number))

    def points(self, run: Run) -> np.ndarray:
        """(n,) what each point's own loss owes to it; raises as `pairs`."""
        return _mean(run, POINTS, lambda model, number: trak.points_of(run, model, number=number))


def _mean(run: Run, name: str, scored: Callable) -> np.ndarray:
    """The mean over networks of `scored` (network, its number); what is finished is kept in the run's `work`."""
    # imported here, as everything that loads TensorFlow for one method only
    from attribution.retraining import whole_networks

    chosen = run.settings["trak.subsets"]
    kept = subsets.random_subsets(
        len(run.labels), chosen["alpha"], 0, chosen["networks"], chosen["seed"], truth.ATTRIBUTED
    )
    files = [None if run.work is None else run.work / f"{name}-{number}.h5" for number in range(len(kept))]
    done, total = [path is not None and path.exists() for path in files], 0.0
    left = kept[np.logical_not(done)]
    networks = whole_networks.networks(run.recipe, run.x, run.labels, run.classes, run.seed, left, "subsets")
    for number, path in enumerate(files):
        if done[number]:
            (found,), took = hdf5.read(path, name), float(hdf5.attributes(path)["seconds"])
            run.facts["seconds_before"] = run.facts.get("seconds_before", 0.0) + took
        else:
            begun = time.perf_counter()
            found = scored(next(networks), number)
            if path is not None:
                hdf5.write(path, {name: found}, {"seconds": time.perf_counter() - begun})
        total = total + found
    run.facts |= {"networks": len(kept), "alpha": chosen["alpha"]}
    return total / len(kept)
