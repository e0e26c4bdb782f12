"""Representer points of the last layer (Yeh et al. 2018)."""

import numpy as np

from attribution.files import hdf5
from attribution.files.results.gradients import DECAY, PARAMETERS
from attribution.methods.run import Run
from attribution.numerics.residuals import residuals
from attribution.retraining import convex


class Representer:
    """Share of each training point in the target's logits, as the margin weighs them.

    At the optimum of the mean loss + l2 ||W||^2 every logit is a sum over training points, - r_i (h_i . h_t) / (2 l2 n)
    (theorem 3.1). A trained network is at no optimum, so the last layer is refitted to it on the frozen features, as
    the paper does. The penalty is the run's own, its largest where the kernel and the bias differ, and holds for both;
    where the network has none it is the damping of the Hessian, which influence treats as one.
    """

    family = "influence"
    needs = ("data", "gradients", "hessian")

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n).

        Raises:
            ValueError: when there is neither a penalty nor a damping. RuntimeError: see `convex.fit`.
        """
        weights, decay = hdf5.read(run.files["gradients"], PARAMETERS, DECAY)
        l2 = penalty(decay, hdf5.attributes(run.files["hessian"])["damping"])
        start = weights.reshape(run.features.shape[1], -1)
        optimum = convex.fit(run.features, run.labels, start, l2, run.point_weights)
        r = residuals(run.features @ optimum, run.labels, run.point_weights)
        asked = run.queried
        alike = asked.features[targets] @ run.features.T
        return alike * (asked.residuals[targets] @ r.T) / (2 * l2 * len(r))


def penalty(decay: np.ndarray, damping: float) -> float:
    """The L2 penalty of the refit, half of its second derivative.

    Args:
        decay: (k,) diagonal of the run's own penalties' Hessian. damping: of the Hessian.

    Raises:
        ValueError: when both are zero.
    """
    second = float(decay.max()) or float(damping)
    if second <= 0:
        raise ValueError(
            "representer points need a penalty, and the last layer has none and influence.damping is 0; "
            "set influence.damping.last_layer.value to a positive number, or train with l2"
        )
    return second / 2
