"""Cross-entropy of the label."""

import numpy as np

from attribution.methods.run import Run
from attribution.numerics import residuals


class Loss:
    """Monotone in the log-odds of the label; with two classes it orders as the margin does."""

    family = "boundary"
    needs = ("data", "gradients")
    stored = True

    def points(self, run: Run) -> np.ndarray:
        """(n,) nats."""
        return residuals.cross_entropy(run.logits, run.labels)
