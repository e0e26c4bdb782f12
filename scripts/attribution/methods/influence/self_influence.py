"""Influence of a point on itself (Koh and Liang 2017, section 5.4)."""

import numpy as np

from attribution.methods.run import Run


class SelfInfluence:
    """A label that only the point itself supports."""

    family = "influence"
    needs = ("influence",)
    stored = True

    def points(self, run: Run) -> np.ndarray:
        """(n,) self-influence."""
        return run.own
