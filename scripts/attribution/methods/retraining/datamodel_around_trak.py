"""Datamodels around TRAK: retraining is spent on what it misses."""

import numpy as np

from attribution.methods.retraining import datamodel_ridge
from attribution.methods.run import Run


class DatamodelAroundTrak:
    """`datamodel-around-metagradient` around `trak`, which costs seconds where a metagradient costs minutes.

    The factor of `datamodels.around` gives it the margin's unit.
    """

    family = "retraining"
    needs = ("data", "subsets", "attributions/trak")
    settings = ("datamodels.penalties",)
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), positive = helpful."""
        return datamodel_ridge.around(run, targets, self.needs[-1])
