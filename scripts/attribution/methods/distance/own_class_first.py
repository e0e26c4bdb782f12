"""Cosine of embeddings, the target's own class before all others: the labels that influence sees too."""

import numpy as np

from attribution.methods.run import Run
from attribution.numerics import similarity


class OwnClassFirst:
    """The embedding's cosine with the label's help."""

    family = "distance"
    needs = ("data", "gradients")
    signed = False

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n): the cosine, and 2 for points of the target's class."""
        return similarity.cosine(run.embedding, run.queried.embedding)(targets) + 2 * (
            run.queried.labels[targets][:, None] == run.labels
        )
