"""Predicted falls of margins when groups leave the training set, in all layers; for networks of few parameters."""

import numpy as np

from attribution.methods.curvature import gauss_newton, opening
from attribution.methods.run import Run
from attribution.networks import precision


class FirstOrder:
    """Gauss-Newton influence of the group, its margins linearised; see `influence.removal_all_layers`.

    The damping is that of `gauss-newton`.
    """

    family = "influence"
    needs = ("data", "model")
    settings = (
        "curvature.precision", "curvature.factors", "curvature.damping", "curvature.cg", "unrolled.betas",
        "influence.batch_size", "influence.matrix_gb",
    )  # fmt: skip
    step = "first-order"
    evaluated = False

    def falls(self, run: Run, targets: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """(g, t) falls of the targets' margins without the points outside each row of `kept` (g, n).

        Raises:
            ValueError: for a layer that is not understood, or matrices larger than influence.matrix_gb.
        """
        # imported here, as everything that loads TensorFlow for one method only
        from attribution.influence import removal_all_layers

        opened = opening.of_run(run, targets)
        refuse_large(len(opened.x), opened.network.classes, opened.network.size, run.settings["influence.matrix_gb"])
        damping = opening.damping_of(run, opened, targets, gauss_newton.solver(run, opened, len(targets)))
        points = precision.as_taken(run.model, run.queried.x[targets])
        return removal_all_layers.margin_falls(
            run.model, opened.x, opened.y, damping, points, run.queried.labels[targets], kept,
            run.settings["influence.batch_size"], self.step, self.evaluated, run.point_weights,
        )  # fmt: skip


class SecondOrder(FirstOrder):
    """With the group's own curvature (Basu, You and Feizi 2020, equation 9)."""

    step = "second-order"


class Rescaled(FirstOrder):
    """Each member's step with its own curvature taken out, added up (Rubinstein and Hopkins 2025)."""

    step = "rescaled"


class Newton(FirstOrder):
    """One Newton step on the losses that stay."""

    step = "newton"


class FirstOrderEvaluated(FirstOrder):
    """The margins themselves where the first order moves the weights to."""

    evaluated = True


class SecondOrderEvaluated(SecondOrder):
    """The margins themselves where the second order moves the weights to."""

    evaluated = True


class RescaledEvaluated(Rescaled):
    """The margins themselves where the sum of the members' steps moves the weights to."""

    evaluated = True


class NewtonEvaluated(Newton):
    """The margins themselves where the Newton step moves the weights to."""

    evaluated = True


def refuse_large(n: int, classes: int, k: int, limit: float) -> None:
    """Raise ValueError when the matrices of n points and k parameters are larger than `limit` gigabytes."""
    size = (16 * n * classes * k + 24 * k**2) / 1e9
    if size > limit:
        raise ValueError(
            f"removal of groups in all layers holds Jacobians and curvature of {k} parameters, {size:.3g} GB, and "
            f"influence.matrix_gb allows {limit:g}; take methods that end in all-layers out of methods.group_removals, "
            "or raise influence.matrix_gb"
        )
