"""Influence with EK-FAC's inverse (George et al. 2018; Grosse et al. 2023, arXiv 2308.03296), eigenvalues unsampled."""

import numpy as np

from attribution.curvature import eigenvalues
from attribution.methods.curvature import asked as of_run
from attribution.methods.run import Run


class EkFac:
    """Influence on all layers, each layer's curvature diagonal in the eigenvectors of its Kronecker factors."""

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
        turned = eigenvalues.basis(of_run.factors(run, asked))
        values = eigenvalues.eigenvalues(asked.network, asked.passes(), turned, len(asked.x))

        def influence(asked: of_run.Asked, damping: float) -> np.ndarray:
            return of_run.scores(asked, eigenvalues.inverse(asked.network, turned, values, damping))

        return influence(asked, of_run.chosen_damping(run, asked, targets, influence))
