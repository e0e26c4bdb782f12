"""What a network's last convolution gives for samples, place by place."""

from collections.abc import Iterator

import keras
import numpy as np
from sklearn.random_projection import SparseRandomProjection

from attribution.networks import precision, same_function

CONVOLUTIONS = (
    keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D, keras.layers.SeparableConv2D,
    keras.layers.DepthwiseConv2D,
)  # fmt: skip


def up_to(model: keras.Model) -> keras.Model | None:
    """The network up to its last convolution, and on through what keeps that one's shape: normalisation, activation,
    the sum of a residual block. Pooling and flattening do not. A network inside counts as one layer.

    Returns:
        None when there is no convolution, or the network inside which the last one is gives no places.
    """
    steps = same_function.operations(model)
    last = max((at for at, step in enumerate(steps) if _convolves(step)), default=None)
    # that of a network inside is another tensor by its own property
    of = keras.Operation.output.fget
    if last is None or len(of(steps[last]).shape) < 3:
        return None
    found = of(steps[last])
    for step in steps[last + 1 :]:
        if getattr(of(step), "shape", None) != found.shape:
            break
        found = of(step)
    return keras.Model(model.inputs, found)


def outputs(body: keras.Model, x, batch: int) -> Iterator[np.ndarray]:
    """(batch, d) flattened outputs of samples x (n, ...), an array or a dataset of HDF5; the last block may be
    shorter."""
    for start in range(0, len(x), batch):
        block = body.predict_on_batch(precision.as_taken(body, x[start : start + batch]))
        yield block.reshape(len(block), -1)


def held(body: keras.Model, parts: list, batch: int, limit: float) -> list[np.ndarray]:
    """Outputs of all samples of some parts, to compare every pair.

    Args:
        parts: samples, each an array or a dataset of HDF5. limit: GB that they may take.

    Returns:
        (n, d) float32 a part; of more than fits a sparse random projection to as many columns as fit, the same for
        all, which keeps a cosine to about one over the root of the columns (Li, Hastie and Church 2006).
    """
    width, project = next(outputs(body, parts[0], 1)).shape[1], None
    columns = max(1, int(limit * 1e9 / 4 / sum(map(len, parts))))
    if columns < width:
        project = SparseRandomProjection(columns, dense_output=True, random_state=0)
        project.fit(np.empty((1, width), dtype=np.float32))
    found = []
    for x in parts:
        kept, start = np.empty((len(x), min(columns, width)), dtype=np.float32), 0
        for block in outputs(body, x, batch):
            kept[start : start + len(block)] = block if project is None else project.transform(block)
            start += len(block)
        found.append(kept)
    return found


def _convolves(step) -> bool:
    if isinstance(step, keras.Model):
        return any(isinstance(layer, CONVOLUTIONS) for layer in precision.layers(step))
    return isinstance(step, CONVOLUTIONS)
