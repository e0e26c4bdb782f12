"""Exact derivatives of margins after training, at many random subsets: what a point changes on average."""

from functools import partial

import numpy as np

from attribution.methods import means, over_subsets
from attribution.methods.run import Run
from attribution.methods.scores import PAIRS
from attribution.methods.unrolled import metagradient
from attribution.methods.unrolled.metagradient_smooth import part

# of each subset: scores, and growth of the targets' cotangents
KEPT = (PAIRS, "growth")


class MetagradientSubsets:
    """Trimmed mean of `metagradient` over trainings on random subsets of the points, all from the run's own start.

    A linear datamodel's weight of a point is the mean, over random subsets, of what the point changes beside each
    (Ilyas et al. 2022, arXiv 2202.00622, section 2, as the regression's expectation); here the derivative in its weight
    stands for the change. One derivative gives all points at once, where a retrained network gives one number. Subsets
    are drawn of the points' places, so points in another order have other subsets.
    """

    family = "unrolled"
    needs = ("data",)
    settings = ("unrolled.subsets",)
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), positive = helpful; of a training target minus the derivative of its loss."""
        subsets = over_subsets.drawn(run, run.settings["unrolled.subsets"])
        training = metagradient.replayed(run, 0.0)

        def at(number: int) -> dict[str, np.ndarray]:
            label, work = f"subset {number + 1} of {len(subsets)}", part(run.work, f"network-{number}")
            weights = subsets[number].astype(np.float64)
            return dict(zip(KEPT, metagradient.at_weights(run, training, targets, weights, work, label), strict=True))

        each = [
            over_subsets.kept(run, part(run.work, f"{number}.h5"), partial(at, number), KEPT)
            for number in range(len(subsets))
        ]
        found, grown = zip(*each, strict=True)
        run.facts |= metagradient.told(np.concatenate(grown), 0.0)
        return means.trimmed(found)

    def points(self, run: Run) -> np.ndarray:
        """(n,) what each point's own loss after training owes to it; costs as many targets as there are points."""
        return np.diag(self.pairs(run, np.arange(len(run.labels)))).copy()
