"""The two factors of every last-layer gradient: extended features and residuals. Backend-neutral Keras 3."""

from collections.abc import Iterator

import keras
import numpy as np

from attribution.networks import build as models
from attribution.networks import penalties
from attribution.numerics.residuals import residuals


def extended_features(model: keras.Model, x: np.ndarray, batch: int) -> np.ndarray:
    """Input of the last Dense layer with a constant appended for its bias: 1, or 0 where the layer has no bias.

    Holds one batch of samples and their activations beside the result.

    Args:
        model: ends in a linear Dense layer.
        x: (n, ...) samples, of any dtype that the network takes.
        batch: samples a forward pass; does not change the result beyond rounding.

    Returns:
        (n, D) float64 with D = d + 1.
    """
    result = np.empty((len(x), models.last_dense(model).input.shape[-1] + 1))
    start = 0
    for block in feature_blocks(model, x, batch):
        result[start : start + len(block)] = block
        start += len(block)
    return result


def feature_blocks(model: keras.Model, x, batch: int, rows: range | None = None) -> Iterator[np.ndarray]:
    """Rows of `extended_features`, `batch` at a time.

    Args:
        x: (n, ...) samples, an array or an HDF5 data set. model, batch: as in `extended_features`.
        rows: consecutive ones to go through, all by default.

    Yields:
        (batch, D) float64, the last block may be shorter.
    """
    layer = models.last_dense(model)
    body = keras.Model(model.input, layer.input)
    rows = range(len(x)) if rows is None else rows
    for start in range(rows.start, rows.stop, batch):
        h = body.predict_on_batch(x[start : min(start + batch, rows.stop)])
        block = np.full((len(h), h.shape[1] + 1), float(layer.use_bias))
        block[:, :-1] = h
        yield block


def last_layer_parameters(model: keras.Model) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parameters of the last layer and its weight decay.

    Returns:
        weights: (D, C) float64, the bias as last row.
        decay: (D * C,) diagonal of the penalties' Hessian, kernel's and bias's own.
        decay_gradient: (D * C,) gradient of the penalties; see `penalties.derivatives`.

    Raises:
        ValueError: for a penalty that is not understood.
    """
    layer = models.last_dense(model)
    parts = [penalties.derivatives([layer.kernel])]
    # plus zero: a bias without a penalty has a derivative of 0, not of -0
    parts.append(
        [a + 0.0 for a in penalties.derivatives([layer.bias])] if layer.use_bias else np.zeros((3, layer.units))
    )
    theta, decay, slope = (np.concatenate(pair) for pair in zip(*parts, strict=True))
    return theta.reshape(-1, layer.units), decay, slope


def factors(weights: np.ndarray, features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits and residuals that belong to features at last-layer weights, all in float64.

    Args:
        weights: (D, C). features: (n, D). labels: (n,).

    Returns:
        logits (n, C), residuals (n, C).
    """
    logits = features @ weights
    return logits, residuals(logits, labels)
