"""Cosine of gradients."""

import numpy as np

from attribution.methods.run import Run
from attribution.numerics import similarity


class GradientCosine:
    """Points whose gradients of the last layer point the same way, whatever their lengths."""

    family = "distance"
    needs = ("gradients",)
    kernel = True

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n) cosines."""
        return similarity.gradient_cosine(run.features, run.residuals, (run.queried.features, run.queried.residuals))(
            targets
        )
