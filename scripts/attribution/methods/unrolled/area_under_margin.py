"""Area under the margin (Pleiss et al. 2020): the label's margin, averaged over the training."""

import numpy as np

from attribution.methods.boundary.margin import against_label
from attribution.methods.run import Run


class AreaUnderMargin:
    """A wrong label has the other points of its class against it while the network still learns.

    Their equation 1 with the mean over checkpoints at equal distances in place of every epoch.
    """

    family = "unrolled"
    needs = ("data",)
    settings = ("unrolled.checkpoints",)

    def points(self, run: Run) -> np.ndarray:
        """(n,) minus the mean of (logit of the label - largest other logit)."""
        # imported here, as everything that loads TensorFlow for one method only
        from attribution.training import replay, schedule

        training = replay.of_recipe(run.recipe, run.x, run.labels, run.classes, run.seed)
        states = replay.at_steps(training, schedule.ends(training.count, run.settings["unrolled.checkpoints"]))
        return np.mean([against_label(training.outputs(state, run.x), run.labels) for state in states], axis=0)
