"""Euclidean distance of embeddings."""

import numpy as np

from attribution.methods.run import Run
from attribution.numerics import similarity


class EmbeddingEuclidean:
    """Points whose embeddings are near."""

    family = "distance"
    needs = ("data", "gradients")
    signed = False

    def vectors(self, run: Run) -> np.ndarray:
        """(n, D - 1) what enters the last layer."""
        return run.embedding

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), minus squared distances."""
        return similarity.distance(run.embedding, run.queried.embedding)(targets)

    def groups(self, run: Run, seeds: list[int], size: int, direction: str = "max") -> list[np.ndarray]:
        """The nearest neighbours of each seed."""
        return [similarity.nearest(run.embedding, seed, size, "euclidean", run.keys) for seed in seeds]
