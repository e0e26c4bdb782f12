"""Inner product of last-layer gradients: influence with the identity in place of the inverse Hessian."""

import numpy as np

from attribution.methods.run import Run


class GradientDot:
    """Points whose gradients point the same way and are long (Charpiat et al. 2019; TracIn of one checkpoint)."""

    family = "influence"
    needs = ("gradients",)
    directions = ("max", "min")
    kernel = True

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), positive = helpful."""
        return (run.queried.features[targets] @ run.features.T) * (run.queried.residuals[targets] @ run.residuals.T)
