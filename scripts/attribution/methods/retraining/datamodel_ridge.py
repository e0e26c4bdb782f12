"""Datamodels by ridge regression."""

import numpy as np

from attribution.methods import scores
from attribution.methods.run import Run
from attribution.retraining import datamodels


class Ridge:
    """Weights of a linear model of the target's margin in the subset trained on (Ilyas et al. 2022), by ridge."""

    family = "retraining"
    needs = ("data", "subsets")
    settings = ("datamodels.penalties",)
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), positive = helpful."""
        kept, margins = run.subsets(targets)
        weights, _, penalties = datamodels.fit(kept, margins, candidates(run.settings["datamodels.penalties"]))
        run.facts |= {"subsets": len(kept), "penalty": float(np.median(penalties))}
        return weights


def candidates(penalties: dict) -> np.ndarray:
    """The penalties among which leave-one-out validation chooses; `smallest`, `largest`, `count`."""
    return np.geomspace(penalties["smallest"], penalties["largest"], penalties["count"])


def around(run: Run, targets: np.ndarray, prior: str) -> np.ndarray:
    """(t, n) a ridge datamodel of what another method's attributions leave over, added to them.

    Args:
        prior: name of their file among those of the run. Its seconds are counted.
    """
    kept, margins = run.subsets(targets)
    tau, facts = scores.attribution(run.files[prior], targets)
    found, share = datamodels.around(tau, kept, margins, candidates(run.settings["datamodels.penalties"]))
    run.facts |= {"subsets": len(kept), "factor": float(np.median(share))}
    run.facts["seconds_before"] += float(facts["seconds"])
    return found
