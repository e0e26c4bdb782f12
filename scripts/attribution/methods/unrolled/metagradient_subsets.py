"""Exact derivatives of margins after training, at many random subsets: what a point changes on average."""

import time

import numpy as np

from attribution.files import hdf5
from attribution.methods import means
from attribution.methods.run import Run
from attribution.methods.scores import PAIRS
from attribution.methods.unrolled import metagradient
from attribution.methods.unrolled.metagradient_smooth import part
from attribution.retraining import subsets, truth

GROWTH = "growth"


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
        chosen, found, grown = run.settings["unrolled.subsets"], [], []
        kept = subsets.random_subsets(
            len(run.labels), chosen["alpha"], 0, chosen["networks"], chosen["seed"], truth.ATTRIBUTED
        )
        training = metagradient.replayed(run, 0.0)
        for number, mask in enumerate(kept):
            path, begun = part(run.work, f"{number}.h5"), time.perf_counter()
            if path is not None and path.exists():
                pairs, growth = hdf5.read(path, PAIRS, GROWTH)
                took = float(hdf5.attributes(path)["seconds"])
                run.facts["seconds_before"] = run.facts.get("seconds_before", 0.0) + took
            else:
                label, work = f"subset {number + 1} of {len(kept)}", part(run.work, f"network-{number}")
                pairs, growth = metagradient.at_weights(run, training, targets, mask.astype(np.float64), work, label)
                if path is not None:
                    hdf5.write(path, {PAIRS: pairs, GROWTH: growth}, {"seconds": time.perf_counter() - begun})
            found.append(pairs)
            grown.append(growth)
        run.facts |= metagradient.told(np.concatenate(grown), 0.0)
        run.facts |= {"networks": len(kept), "alpha": chosen["alpha"]}
        return means.trimmed(found)

    def points(self, run: Run) -> np.ndarray:
        """(n,) what each point's own loss after training owes to it; costs as many targets as there are points."""
        return np.diag(self.pairs(run, np.arange(len(run.labels)))).copy()
