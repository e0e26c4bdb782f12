"""Exact derivatives of margins after training in the weights of the training points."""

import numpy as np

from attribution.methods.run import Run
from attribution.numerics.residuals import margin_gradients, residuals


class Metagradient:
    """Derivative of the target's margin in each training point's weight, through the whole training (Ilyas and
    Engstrom 2025, arXiv 2504.16430)."""

    family = "unrolled"
    needs = ("data",)
    settings = ()
    unit = "margin"
    smoothed = False

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), positive = helpful; of a training target minus the derivative of its loss."""
        from attribution.training import metagradient, replay

        beta = run.settings["unrolled.beta"] if self.smoothed else 0.0
        training = replay.of_recipe(run.recipe, run.x, run.labels, run.classes, run.seed, beta=beta)
        asked = run.queried

        def slope(logits: np.ndarray) -> np.ndarray:
            return (margin_gradients if run.tested else lambda *of: -residuals(*of))(logits, asked.labels[targets])

        found, growth = metagradient.metagradient(training, asked.x[targets], slope, "metagradient", run.work)
        run.facts["growth"] = float(np.median(growth))
        return found


class Smooth(Metagradient):
    """The same of a training with softplus in the place of ReLU, see `networks.smooth`."""

    settings = ("unrolled.beta",)
    smoothed = True
