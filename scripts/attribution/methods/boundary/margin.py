"""Margin of the label in the logits."""

import numpy as np

from attribution.boundary import points as boundary
from attribution.methods.run import Run


class Margin:
    """Minus (logit of the label - largest other logit)."""

    family = "boundary"
    needs = ("data", "gradients")
    stored = True

    def points(self, run: Run) -> np.ndarray:
        """(n,)."""
        return against_label(run.logits, run.labels)


def against_label(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) largest other logit minus the label's.

    Args:
        logits: (n, C). labels: (n,) int64.
    """
    full, rows = boundary.class_logits(logits), np.arange(len(labels))
    others = full.copy()
    others[rows, labels] = -np.inf
    return others.max(axis=1) - full[rows, labels]
