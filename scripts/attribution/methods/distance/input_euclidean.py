"""Euclidean distance of the samples themselves, and the nearest neighbours by it."""

import numpy as np

from attribution.methods.run import Run
from attribution.numerics import similarity


class InputEuclidean:
    """Points whose samples are near."""

    family = "distance"
    needs = ("data",)
    signed = False

    def vectors(self, run: Run) -> np.ndarray:
        """(n, d) the samples, flat."""
        return run.x.reshape(len(run.x), -1)

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), minus squared distances."""
        return similarity.distance(run.x, run.queried.x)(targets)

    def groups(self, run: Run, seeds: list[int], size: int, direction: str = "max") -> list[np.ndarray]:
        """The nearest neighbours of each seed."""
        flat = run.x.reshape(len(run.x), -1)
        if np.issubdtype(flat.dtype, np.floating):
            return [similarity.nearest(flat, seed, size, "euclidean", run.keys) for seed in seeds]
        # of integers exact, and images are never held as numbers of eight bytes all at once
        near = similarity.distance(flat)(np.array(seeds))
        near[np.arange(len(seeds)), seeds] = np.inf
        return [np.lexsort((run.keys, -row))[:size] for row in near]
