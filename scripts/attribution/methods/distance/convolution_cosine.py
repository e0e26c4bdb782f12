"""Cosine of the outputs of the network's last convolution, the target's own class before all others.

Random convolutions already tell images apart (Saxe et al. 2011): of a network that learned nothing this is what methods
that find near images must be ahead of.
"""

from collections.abc import Iterator

import keras
import numpy as np

from attribution.methods.run import Run
from attribution.networks import precision, same_function
from attribution.numerics import similarity

CONVOLUTIONS = (
    keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D, keras.layers.SeparableConv2D,
    keras.layers.DepthwiseConv2D,
)  # fmt: skip


class ConvolutionCosine:
    """Points that look alike to the last convolution, place by place, with the label's help."""

    family = "distance"
    needs = ("data", "model")
    settings = ("influence.batch_size",)
    signed = False

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n): the cosine of outputs less the training points' mean, and 2 for points of the target's class; raises
        as `convolution`."""
        body = convolution(run.model)
        x, asked = (precision.as_taken(body, samples) for samples in (run.x, run.queried.x[targets]))
        batch = run.settings["influence.batch_size"]
        # two passes: outputs of all points would not fit for large images
        mean = sum(block.sum(axis=0) for block in outputs(body, x, batch)) / len(x)
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


def convolution(model: keras.Model) -> keras.Model:
    """The network up to its last convolution, and on through what keeps that one's shape: normalisation, activation,
    the sum of a residual block. Pooling and flattening do not. A network inside counts as one layer.

    Raises:
        ValueError: when there is no convolution, or the network inside which the last one is gives no places.
    """
    steps = same_function.operations(model)
    last = max((at for at, step in enumerate(steps) if _convolves(step)), default=None)
    # that of a network inside is another tensor by its own property
    of = keras.Operation.output.fget
    if last is None or len(of(steps[last]).shape) < 3:
        raise ValueError(
            f"network '{model.name}' has no convolution whose output has places, which convolution-cosine-same-class "
            "compares; leave that method out, or take embedding-cosine-same-class"
        )
    found = of(steps[last])
    for step in steps[last + 1 :]:
        if getattr(of(step), "shape", None) != found.shape:
            break
        found = of(step)
    return keras.Model(model.inputs, found)


def outputs(body: keras.Model, x: np.ndarray, batch: int) -> Iterator[np.ndarray]:
    """(batch, d) float64 flattened outputs of samples x (n, ...), the last block may be shorter."""
    for start in range(0, len(x), batch):
        block = body.predict_on_batch(x[start : start + batch])
        yield block.reshape(len(block), -1).astype(np.float64)


def _convolves(step) -> bool:
    if isinstance(step, keras.Model):
        return any(isinstance(layer, CONVOLUTIONS) for layer in precision.layers(step))
    return isinstance(step, CONVOLUTIONS)
