"""Cosine of embeddings."""

import numpy as np

from attribution.methods.run import Run
from attribution.numerics import similarity


class EmbeddingCosine:
    """Points whose embeddings point the same way."""

    family = "distance"
    needs = ("data", "gradients")
    signed = False

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n) cosines."""
        return similarity.cosine(run.embedding, run.queried.embedding)(targets)

    def groups(self, run: Run, seeds: list[int], size: int, direction: str = "max") -> list[np.ndarray]:
        """The nearest neighbours of each seed."""
        return [similarity.nearest(run.embedding, seed, size, "cosine", run.keys) for seed in seeds]
