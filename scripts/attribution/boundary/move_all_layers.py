"""The move of all layers that takes one point to the weights boundary, and the network at any share of it."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from attribution.boundary import points as boundary
from attribution.boundary import points_all_layers as boundary_layers
from attribution.networks import copy_derivatives
from attribution.numerics.residuals import predictions

DTYPE = "float64"
# samples that the moved network sees at a time
ROWS = 4096


class Move(NamedTuple):
    """`score` length of the move, NaN where it was not found; `logits` (share, samples (n, ...)) -> (n, C) float64 of
    the network whose parameters have gone that share of the straight line to the end of the move."""

    score: float
    logits: Callable


def of_point(model: keras.Model, sample: np.ndarray, max_steps: int = boundary.MAX_STEPS) -> Move:
    """DeepFool as in `points_all_layers.deepfool`, its steps joined by the straight line between their ends.

    Args:
        model: see `copies.copies`; it is not changed. sample: of the point, without an axis of points.
        max_steps: after which none is found.

    Raises:
        ValueError: for logits that are not finite, or a network that cannot be copied.
    """
    network = copy_derivatives.network(model, 1, "l2", DTYPE)
    x = np.asarray(sample, DTYPE)[None]
    theta, none = network.repeat(), np.zeros(1, bool)
    first = boundary_layers.start_logits(network, x, DTYPE)
    if not np.isfinite(first).all():
        raise ValueError("the network's logits are not finite; train the model again")
    predicted = predictions(first)
    classes = boundary.class_logits(first).shape[1]
    seeds = boundary_layers.differences(predicted, boundary_layers.other_classes(predicted, classes), classes)
    score = np.nan
    for _ in range(max_steps + 1):
        logits, length = (value.numpy().astype(np.float64) for value in network.state(theta, x))
        if predictions(logits) != predicted or boundary_layers.top_gap(logits) < boundary.TOLERANCE:
            score = float(length[0])
            break
        theta, _, stuck = network.step(theta, x, seeds.astype(DTYPE), np.zeros(1, DTYPE), ~none, none)
        if stuck.numpy()[0]:
            break
    start = network.repeat()
    change = [end - first for end, first in zip(theta, start, strict=True)]

    def logits_at(share: float, samples: np.ndarray) -> np.ndarray:
        moved = [first + share * along for first, along in zip(start, change, strict=True)]
        parts = [
            network.state(moved, np.asarray(samples[i : i + ROWS], DTYPE))[0].numpy()
            for i in range(0, len(samples), ROWS)
        ]
        return np.concatenate(parts)

    return Move(score, logits_at)
