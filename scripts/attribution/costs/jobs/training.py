"""Training of the run's own network."""

import math

from attribution.costs import stages as cost
from attribution.costs.jobs.machine import DEVICE, MB, STEP, TENSORFLOW


def _train(size: dict) -> tuple:
    training = size["recipe"].get("training", {"epochs": 1, "batch_size": 64, "optimizer": "adam"})
    n, held = size["n"], (size["n"] + size["m"]) * size["sample_bytes"]
    found = cost.training(
        size["parameters"], size["activations"], size["flops"], n, held, training["batch_size"], training["epochs"],
        slots=2, evaluation_batch=min(1024, max(n, 1)),
    )  # fmt: skip
    steps = training["epochs"] * math.ceil(n / training["batch_size"])
    return found["bytes"] + 150 * MB, steps * STEP + found["flops"] / DEVICE, found["flops"]


COSTS = {"train_model": _train, "map_decision_boundary": lambda size: (TENSORFLOW, 10.0, 0.0)}
