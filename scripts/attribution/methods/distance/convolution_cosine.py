"""Cosine of the outputs of the network's last convolution, the target's own class before all others.

Random convolutions already tell images apart (Saxe et al. 2011): of a network that learned nothing this is what methods
that find near images must be ahead of.
"""

import numpy as np

from attribution.methods.run import Run
from attribution.networks import last_convolution
from attribution.networks.last_convolution import outputs
from attribution.numerics import similarity


class ConvolutionCosine:
    """Points that look alike to the last convolution, place by place, with the label's help."""

    family = "distance"
    needs = ("data", "model")
    settings = ("influence.batch_size",)
    signed = False

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n): the cosine of outputs less the training points' mean, and 2 for points of the target's class.

        Raises:
            ValueError: when there is no convolution whose output has places.
        """
        body = last_convolution.up_to(run.model)
        if body is None:
            raise ValueError(
                f"network '{run.model.name}' has no convolution whose output has places, which "
                "convolution-cosine-same-class compares; leave that method out, or take embedding-cosine-same-class"
            )
        x, asked, batch = run.x, run.queried.x[targets], run.settings["influence.batch_size"]
        # two passes: outputs of all points would not fit for large images
        mean = sum(block.sum(axis=0, dtype=np.float64) for block in outputs(body, x, batch)) / len(x)
        of_asked = similarity.unit_vectors(np.concatenate(list(outputs(body, asked, batch))) - mean)
        found = (run.queried.labels[targets][:, None] == run.labels) * 2.0
        start = 0
        for block in outputs(body, x, batch):
            found[:, start : start + len(block)] += of_asked @ similarity.unit_vectors(block - mean).T
            start += len(block)
        return found

    def groups(self, run: Run, seeds: list[int], size: int, direction: str = "max") -> list[np.ndarray]:
        """The nearest neighbours of each seed, the seed first."""
        near = self.pairs(run, np.array(seeds))
        near[np.arange(len(seeds)), seeds] = np.inf
        return [np.lexsort((run.keys, -row))[:size] for row in near]
