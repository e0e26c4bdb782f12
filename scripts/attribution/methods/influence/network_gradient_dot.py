"""Inner products of gradients of all layers."""

import numpy as np

from attribution.methods.run import Run
from attribution.methods.unrolled import tracin
from attribution.networks import precision


class NetworkGradientDot:
    """One checkpoint of TracIn, the end of the training: the kernel of the network linearised at its parameters."""

    family = "influence"
    needs = ("data", "model")
    settings = ("influence.batch_size",)
    kernel = True

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n)."""
        asked, of_asked = run.queried.x[targets], run.queried.labels[targets]
        x = precision.as_taken(run.model, np.concatenate([run.x, asked]))
        labels = np.concatenate([run.labels, of_asked])
        return tracin.scores(
            run.model, x, labels, len(run.labels), run.settings["influence.batch_size"], run.tested,
            tracin.point_weights(run, targets),
        )  # fmt: skip
