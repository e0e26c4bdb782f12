"""Euclidean distance of the samples themselves, which no network has seen."""

import numpy as np

from attribution.methods.run import Run
from attribution.numerics import similarity


class Pixels:
    """Points whose samples are near."""

    family = "distance"
    needs = ("data",)
    signed = False

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), minus squared distances."""
        return similarity.distance(run.x, run.queried.x)(targets)
