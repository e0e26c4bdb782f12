"""Influence with EK-FAC's inverse (George et al. 2018; Grosse et al. 2023, arXiv 2308.03296), eigenvalues unsampled."""

from collections.abc import Callable

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
    kernel = True

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n).

        Raises:
            ValueError: for a layer that is not understood, one sentence.
        """
        return of_run.pairs(run, targets, inverse)

    def points(self, run: Run) -> np.ndarray:
        """(n,) influence of each point on its own loss; as `pairs`."""
        return of_run.itself_by_inverse(run, inverse)


def inverse(run: Run, asked: of_run.Asked) -> Callable:
    """damping -> (b, k) -> (b, k)."""
    turned = eigenvalues.basis(of_run.factors(run, asked))
    values = eigenvalues.eigenvalues(asked.network, asked.passes(), turned, len(asked.x))
    return lambda damping: eigenvalues.inverse(asked.network, turned, values, damping)
