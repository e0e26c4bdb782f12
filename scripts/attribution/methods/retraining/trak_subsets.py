"""TRAK over networks trained on random subsets of the points, from the run's own initial weights and batches."""

from collections.abc import Callable

import numpy as np

from attribution.methods import over_subsets
from attribution.methods.influence import trak
from attribution.methods.run import Run
from attribution.methods.scores import PAIRS, POINTS


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

    subsets = over_subsets.drawn(run, run.settings["trak.subsets"])
    files = [run.work and run.work / f"{name}-{number}.h5" for number in range(len(subsets))]
    left = subsets[[not over_subsets.is_done(path) for path in files]]
    networks = whole_networks.networks(run.recipe, run.x, run.labels, run.classes, run.seed, left, "subsets")
    total = 0.0
    for number, path in enumerate(files):
        (found,) = over_subsets.kept(run, path, lambda at=number: {name: scored(next(networks), at)}, (name,))
        total = total + found
    return total / len(subsets)
