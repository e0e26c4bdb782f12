"""Influence with EK-FAC's inverse (George et al. 2018; Grosse et al. 2023, arXiv 2308.03296), eigenvalues unsampled."""

from collections.abc import Callable

import numpy as np

from attribution.curvature import eigenvalues
from attribution.methods.curvature import opening
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
        return opening.pairs(run, targets, inverse)

    def points(self, run: Run) -> np.ndarray:
        """(n,) influence of each point on its own loss; as `pairs`."""
        return opening.itself_by_inverse(run, inverse)


def inverse(run: Run, opened: opening.Opened) -> Callable:
    """damping -> (b, k) -> (b, k)."""
    turned = eigenvalues.basis(opening.factors(run, opened))
    values = eigenvalues.eigenvalues(opened.network, opened.passes(), turned, len(opened.x))
    return lambda damping: eigenvalues.inverse(opened.network, turned, values, damping)
