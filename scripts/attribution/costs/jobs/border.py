"""Where a training's derivative holds."""

import math

from attribution.costs.jobs import truth
from attribution.costs.jobs.machine import SINGLE, STEP


def _smooth(size: dict) -> tuple:
    """Two trainings a draw and share, and the derivative of a few targets, at twice a training each."""
    training = size["recipe"].get("training", {"epochs": 1, "batch_size": 64})
    trainings = 1 + 2 * size["smoothed"] + 3 * size["followed"]
    flops = 3 * size["flops"] * size["n"] * training["epochs"] * trainings
    steps = training["epochs"] * math.ceil(size["n"] / training["batch_size"])
    held, _, _ = truth.attributed(size | {"tested": size["followed"]})
    return held, 20 + trainings * steps * STEP + flops / SINGLE, flops


COSTS = {"measure_smoothness": _smooth}
