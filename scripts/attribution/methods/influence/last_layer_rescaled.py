"""Rescaled influence in the last layer: leave-one-out by one Newton step of its own for every training point."""

import numpy as np

from attribution.influence import points as influence
from attribution.influence import rescaled
from attribution.methods.run import Run


class LastLayerRescaled:
    """Influence over n with the point's own curvature taken out of the Hessian; see `influence.rescaled`."""

    family = "influence"
    needs = ("data", "gradients", "hessian")
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n)."""
        asked, (n, c) = run.queried, run.residuals.shape
        inverse = rescaled.inverse(run.solve, run.features.shape[1] * c)
        own = rescaled.leverages(run.features, inverse, c)
        alone = rescaled.residuals(run.logits, run.residuals, own, n, run.point_weights)
        pairs = influence.all_pairs(
            asked.features[targets], asked.residuals[targets], run.features, alone, lambda b: inverse @ b
        )
        return pairs / n
