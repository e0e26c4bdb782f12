"""Distance to the weights boundary, with the label as its sign."""

import numpy as np

from attribution.methods.boundary.distance import sought
from attribution.methods.run import Run
from attribution.numerics.residuals import predictions


class SignedDistance:
    """The distance is negative where the network predicts another class than the label.

    Those points come first, the surest of them at the very front.
    """

    family = "boundary"
    needs = ("data", "gradients", "boundary")
    stored = True

    def index(self, run: Run) -> np.ndarray:
        """(p,) the points whose distance was sought."""
        return run.boundary[0]

    def points(self, run: Run) -> np.ndarray:
        """(p,) minus the signed distance."""
        index, distance = run.boundary[0], sought(run)
        return np.where(predictions(run.logits[index]) == run.labels[index], -distance, distance)
