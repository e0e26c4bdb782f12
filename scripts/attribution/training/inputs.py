"""Why a training fails: inputs that were never scaled."""

import keras
import numpy as np

LARGE = 30.0  # beside initial weights for inputs of about 1
ROWS = 1000


def advice(model: keras.Model, x: np.ndarray) -> str:
    """A clause that names inputs of the first layer with weights that are far from 1, or an empty text.

    Args:
        model: functional. x: (n, ...) training points, of which the first ROWS are looked at.
    """
    first = next((layer for layer in model.layers if layer.trainable_weights), None)
    if first is None or len(x) == 0 or isinstance(first.input, list) or isinstance(first, keras.layers.Embedding):
        return ""
    seen = keras.Model(model.input, first.input).predict(x[:ROWS], verbose=0)
    largest = float(np.abs(seen).max())
    if not largest > LARGE:
        return ""
    spread = np.abs(seen.reshape(len(seen), -1)).max(axis=0)
    return (
        f"its first layer '{first.name}' sees inputs up to {largest:.4g}, in its smallest column up to "
        f"{spread.min():.4g}: bring them to about 1 (standardise: true for mlp, rescale, or a layer of your own)"
    )
