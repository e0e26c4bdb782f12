"""Influence in the last layer, on the scale of the margin."""

import numpy as np

from attribution.influence import points as influence
from attribution.methods.run import Run


class LastLayer:
    """First-order estimate of what leaving a training point out takes from the margin (Koh and Liang 2017, over n)."""

    family = "influence"
    needs = ("data", "gradients", "hessian")
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n)."""
        asked = run.queried
        pairs = influence.all_pairs(
            asked.features[targets], asked.residuals[targets], run.features, run.residuals, run.solve
        )
        return pairs / len(run.features)
