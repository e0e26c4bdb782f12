"""Datamodels around the metagradient: retraining is spent on what it misses."""

import numpy as np

from attribution.methods.retraining import datamodel_ridge
from attribution.methods.run import Run


class DatamodelAroundMetagradient:
    """A ridge datamodel of what `metagradient-smooth` leaves over, added to it; see `datamodels.around`."""

    family = "retraining"
    needs = ("data", "subsets", "attributions/metagradient-smooth")
    settings = ("datamodels.penalties",)
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), positive = helpful."""
        return datamodel_ridge.around(run, targets, self.needs[-1])
