"""Influence with K-FAC's inverse (Martens and Grosse 2015; Grosse et al. 2023, section 2, without eigenvalues)."""

from collections.abc import Callable

import numpy as np

from attribution.curvature import kronecker
from attribution.methods.curvature import opening
from attribution.methods.run import Run


class KFac:
    """Influence on all layers, each layer's curvature one Kronecker product."""

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
    factors = opening.factors(run, opened)
    return lambda damping: kronecker.inverse(opened.network, factors, damping)
