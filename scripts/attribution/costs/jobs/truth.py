"""Attribution methods and the retrained networks that judge them."""

import math

from attribution.costs.jobs import factors, groups, networks
from attribution.costs.jobs.machine import DRAWING, SINGLE, STEP, TENSORFLOW


def attributed(size: dict) -> tuple:
    """A method on all training points and some test points: at most twice a training for each of these, through each of
    the trainings that it takes derivatives through."""
    walked = size["differentiated"]
    training = size["recipe"].get("training", {"epochs": 1, "batch_size": 64})
    flops = 3 * 3 * walked * size["flops"] * size["n"] * training["epochs"] * size["tested"]
    steps = training["epochs"] * math.ceil(size["n"] / training["batch_size"])
    # states kept at about the root of the number of steps, three arrays each, and as many cotangents for targets
    held = 3 * 4 * size["parameters"] * (2 * math.isqrt(steps) + 2 + size["tested"])
    held += 4 * 3 * training["batch_size"] * size["activations"]
    # scores of each training, which are sorted
    held += (16 + 24 * walked) * size["tested"] * size["n"]
    held += size["kept_of_gradients"]
    return factors.work(6, 10)(size)[0] + TENSORFLOW + held, 20 + 3 * walked * steps * STEP + flops / SINGLE, flops


def _falls(size: dict) -> tuple:
    """Falls of margins by the family of removals in all layers, a matrix of at most 9 000 parameters solved a group."""
    solved = min(size["parameters"], 9000)
    held = factors.work(6, 10)(size)[0] + 16 * size["n"] * size["C"] * solved + 24 * solved**2
    return TENSORFLOW + held, 60 + 1e-9 * size["removals"] * solved**3, 0.0


def _lds(size: dict) -> tuple:
    """Masks of one share's subsets, twice and as numbers, and the test points' attributions by two methods."""
    return DRAWING + size["n"] * ((2 + 8) * size["judged"] + 2 * 8 * size["tested"]), 60.0, 0.0


COSTS = {
    "grow_removals": lambda size: groups.grown(
        size | {"group_seeds": size["grown"], "group_size": size["largest_removal"], "adaptive": False}
    ),
    "retrain_truth": networks.on_parts,
    "retrain_without_top": lambda size: networks.on_parts(size | {"members": size["without_top"]}),
    "attribute_method": attributed,
    "predict_removals": _falls,
    "measure_lds": _lds,
    "measure_stability": lambda size: (DRAWING + 8 * 40 * size["n"] * size["tested"], 60.0, 0.0),
    # ridge on as many subsets as are fitted, each mask of n points, and the attributions of the test points
    "measure_embeddings": lambda size: (
        DRAWING + 8 * size["n"] * (3 * size["fitted"] + 2 * size["tested"]),
        120.0,
        0.0,
    ),
}
