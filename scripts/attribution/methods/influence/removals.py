"""Predicted changes of losses when points or groups leave the training set, in the last layer."""

import numpy as np

from attribution.files import hdf5
from attribution.files.results.data import Y_TEST
from attribution.files.results.gradients import DECAY, DECAY_GRADIENT, FEATURES_TEST, PARAMETERS
from attribution.influence import removal_steps
from attribution.methods.run import Run
from attribution.retraining import subsets
from attribution.retraining.predictions import LastLayer


class FirstOrder:
    """Influence of the group over n, its loss linearised; see `removal_steps` for this step and the others."""

    family = "influence"
    needs = ("data", "gradients", "hessian")
    settings = ("retraining.groups",)
    row = step = "first-order"
    evaluated = False

    def removals(self, run: Run) -> tuple[np.ndarray, np.ndarray]:
        """Changes of the losses of all training points, then all test points, in the trained network.

        Returns:
            (n, n + m) when each point leaves alone, and (g, n + m) when each group of `retraining.groups` leaves.
        """
        drawn = subsets.groups(run.x, run.labels, **run.settings["retraining.groups"])
        layer, alone = of_run(run), subsets.leave_one_out(len(run.labels))
        return self.changes(layer, subsets.left_out(alone)), self.changes(layer, subsets.left_out(drawn.masks))

    def changes(self, layer: LastLayer, groups: list[np.ndarray]) -> np.ndarray:
        """(g, t) changes of the losses of the layer's targets when each of the groups leaves."""
        return np.stack([layer.stepped(members, self.step, self.evaluated) for members in groups])

    def falls(self, run: Run, targets: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """(g, t) falls of the targets' margins without the points outside each row of `kept` (g, n)."""
        layer, asked = of_run(run), run.queried
        features, labels = asked.features[targets], asked.labels[targets]
        return np.stack([
            removal_steps.margin_falls(
                features, labels, layer.weights, layer.steps(members, self.step)[self.step], self.evaluated
            )
            for members in subsets.left_out(kept)
        ])  # fmt: skip


class SecondOrder(FirstOrder):
    """With the group's own curvature (Basu, You and Feizi 2020, equation 9)."""

    row = step = "second-order"


class Newton(FirstOrder):
    """One Newton step on the losses that stay."""

    row = step = "newton"


class FirstOrderEvaluated(FirstOrder):
    """The loss itself where the first order moves the weights to."""

    row = "first-order re-evaluated"
    evaluated = True


class NewtonEvaluated(Newton):
    """The loss itself where the Newton step moves the weights to."""

    row = "newton re-evaluated"
    evaluated = True


class SecondOrderEvaluated(SecondOrder):
    """The loss itself where the second order moves the weights to."""

    row = "second-order re-evaluated"
    evaluated = True


class Rescaled(FirstOrder):
    """Each member's step with its own curvature taken out of the Hessian, added up (Rubinstein and Hopkins 2025)."""

    row = step = "rescaled"


class RescaledEvaluated(Rescaled):
    """The loss itself where that sum moves the weights to."""

    row = "rescaled re-evaluated"
    evaluated = True


class NewtonTwice(FirstOrder):
    """A Newton step, and one more from where it ends with the same Hessian."""

    row = step = "newton-twice"


class NewtonTwiceEvaluated(NewtonTwice):
    """The loss itself where both steps move the weights to."""

    row = "newton-twice re-evaluated"
    evaluated = True


class OverN(FirstOrder):
    """Influence over n of all points at once, those of a group added up (Koh and Liang 2017)."""

    row = "influence / n"

    def changes(self, layer: LastLayer, groups: list[np.ndarray]) -> np.ndarray:
        """(g, t) changes of the losses of the layer's targets when each of the groups leaves."""
        alone = layer.each_alone()
        if all(len(members) == 1 for members in groups):
            return alone[np.concatenate(groups)]
        return np.stack([alone[members].sum(axis=0) for members in groups])


def of_run(run: Run) -> LastLayer:
    """The trained network's last layer, with training and test points as targets."""
    test, weights, decay, slope = hdf5.read(run.files["gradients"], FEATURES_TEST, PARAMETERS, DECAY, DECAY_GRADIENT)
    (labels,) = hdf5.read(run.files["data"], Y_TEST)
    return LastLayer(
        run.features, run.labels, weights.reshape(run.features.shape[1], -1), decay, slope,
        hdf5.attributes(run.files["hessian"])["damping"], np.concatenate([run.features, test]),
        np.concatenate([run.labels, labels]), run.point_weights,
    )  # fmt: skip
