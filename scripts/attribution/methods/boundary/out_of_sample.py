"""Loss and margin of the label by networks that have not seen the point."""

import numpy as np

from attribution.methods.boundary.margin import against_label
from attribution.methods.run import Run
from attribution.numerics import residuals


class Loss:
    """A wrong label that a network has memorised looks right to it; one trained without the point cannot have."""

    family = "boundary"
    needs = ("data", "folds")
    stored = True

    def points(self, run: Run) -> np.ndarray:
        """(n,) nats."""
        return residuals.cross_entropy(run.out_of_sample, run.labels)


class Margin:
    """Minus (logit of the label - largest other logit)."""

    family = "boundary"
    needs = ("data", "folds")
    stored = True

    def points(self, run: Run) -> np.ndarray:
        """(n,)."""
        return against_label(run.out_of_sample, run.labels)
