"""Numbers that know nothing."""

import numpy as np

from attribution.methods.run import Run


class Random:
    """Scores drawn uniformly, for the training points' places: in another order they have each other's."""

    family = "chance"
    needs = ("data",)
    settings = ("evaluation.seed",)

    def vectors(self, run: Run) -> np.ndarray:
        """(n, 8) normal numbers, which k-means divides into parts of about equal size."""
        return np.random.default_rng((run.settings["evaluation.seed"], run.seed)).standard_normal((len(run.labels), 8))

    def points(self, run: Run) -> np.ndarray:
        """(n,) in [0, 1)."""
        return np.random.default_rng(run.settings["evaluation.seed"]).random(len(run.labels))

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n) in [0, 1), others for each training; a target's row does not depend on which others are asked for."""
        seed, n = run.settings["evaluation.seed"], len(run.labels)
        return np.stack([np.random.default_rng((seed, int(target), run.seed)).random(n) for target in targets])
