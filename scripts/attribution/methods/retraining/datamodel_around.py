"""Datamodels around another method's attributions: retraining is spent on what these miss."""

import numpy as np

from attribution.files import hdf5
from attribution.methods.retraining.datamodel_ridge import candidates
from attribution.methods.run import Run
from attribution.methods.scores import PAIRS
from attribution.retraining import datamodels


class AroundMetagradient:
    """A ridge datamodel of what `metagradient-smooth` leaves over, added to it.

    With tau the metagradient and m a subset, margin(m) = c + a (m . tau) + m . w: per target a by least squares, then
    w by ridge on the residual. Where tau is right w is small, and few subsets suffice; where it is noise a is near 0.
    """

    family = "retraining"
    needs = ("data", "subsets", "attributions/metagradient-smooth")
    settings = ("datamodels.penalties",)
    unit = "margin"
    prior = "attributions/metagradient-smooth"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), positive = helpful."""
        kept, margins = run.subsets(targets)
        (tau,) = hdf5.read(run.files[self.prior], PAIRS)
        found, share = around(tau, kept, margins, candidates(run.settings["datamodels.penalties"]))
        run.facts |= {"subsets": len(kept), "factor": float(np.median(share))}
        run.facts["seconds_before"] += float(hdf5.attributes(run.files[self.prior])["seconds"])
        return found


class AroundTrak(AroundMetagradient):
    """The same around `trak`, which costs seconds where a metagradient costs minutes; a gives it the margin's unit."""

    needs = ("data", "subsets", "attributions/trak")
    prior = "attributions/trak"


def around(
    tau: np.ndarray, kept: np.ndarray, margins: np.ndarray, penalties: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Attributions a tau + w, and the factor a of each target.

    Args:
        tau: (t, n). kept: (M, n) bool. margins: (M, t). penalties: candidates of the ridge.

    Returns:
        (t, n), (t,).
    """
    predicted = kept.astype(np.float64) @ tau.T
    moved = predicted - predicted.mean(axis=0)
    size = (moved**2).sum(axis=0)
    share = np.divide(
        (moved * (margins - margins.mean(axis=0))).sum(axis=0), size, out=np.zeros(len(size)), where=size > 0
    )
    weights, _, _ = datamodels.fit(kept, margins - predicted * share, penalties)
    return share[:, None] * tau + weights, share
