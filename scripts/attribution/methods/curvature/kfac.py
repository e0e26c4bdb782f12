"""Influence with K-FAC's inverse (Martens and Grosse 2015; Grosse et al. 2023, section 2, without eigenvalues)."""

import numpy as np

from attribution.curvature import kronecker
from attribution.methods.curvature import asked as of_run
from attribution.methods.run import Run


class KFac:
    """Influence on all layers, each layer's curvature one Kronecker product."""

    family = "influence"
    needs = ("data", "model")
    settings = ("curvature.precision", "curvature.factors", "curvature.damping", "unrolled.betas")
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n).

        Raises:
            ValueError: for a layer that is not understood, one sentence.
        """
        asked = of_run.opened(run, targets)
        factors = of_run.factors(run, asked)

        def influence(asked: of_run.Asked, damping: float) -> np.ndarray:
            return of_run.scores(asked, kronecker.inverse(asked.network, factors, damping))

        return influence(asked, of_run.chosen_damping(run, asked, targets, influence))
