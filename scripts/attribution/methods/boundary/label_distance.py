"""Signed distance of the last layer's weights to where the label and the largest other class have equal logits."""

import numpy as np

from attribution.methods.boundary.margin import against_label
from attribution.methods.run import Run


class LabelDistance:
    """How far the label is from being, or staying, predicted: the margin over sqrt(2) ||h||."""

    family = "boundary"
    needs = ("data", "gradients")
    stored = True

    def points(self, run: Run) -> np.ndarray:
        """(n,) minus the signed distance."""
        lengths = np.linalg.norm(run.features.astype(np.float64), axis=1)
        # one logit column moves alone
        moved = 2.0 if run.logits.shape[1] > 1 else 1.0
        return against_label(run.logits, run.labels) / (lengths * np.sqrt(moved))
