"""Many networks trained again, and many last layers refitted."""

import math

from attribution.costs.jobs.machine import CORE, DRAWING, MEMBERS, SINGLE, STEP, TENSORFLOW
from attribution.settings import recipes


def at_once(count) -> object:
    """Cost of `count(size)` networks trained at once, with their outputs at every point, in float64 and float32."""

    def found(size: dict) -> tuple:
        members, training, points = count(size), size["recipe"]["training"], size["n"] + size["m"]
        flops = 3 * size["flops"] * size["n"] * training["epochs"] * members
        drops = sum(size["recipe"].get("hidden", [])) * size["n"] * 128 * 2
        held = members * (points * 8 * (3 + size["C"]) + size["n"] + 4 * size["parameters"])
        return TENSORFLOW + drops + held, 20 + flops / MEMBERS, flops

    return found


def on_parts(size: dict) -> tuple:
    """Networks trained on parts of the data: all at once, or one by one in float32, see `recipes.one_by_one`."""
    if not recipes.one_by_one(size["recipe"]):
        return at_once(lambda size: size["members"])(size)
    training = size["recipe"]["training"]
    flops = 3 * size["flops"] * size["n"] * training["epochs"]
    steps = training["epochs"] * math.ceil(size["n"] / training["batch_size"])
    held = 3 * training["batch_size"] * 4 * size["activations"] + size["n"] * size["sample_bytes"]
    return TENSORFLOW + held, 20 + size["members"] * (steps * STEP + flops / SINGLE), flops * size["members"]


def twice(removals: int, size: dict) -> int:
    """Networks of `retraining.removals`."""
    return 2 * removals if size["recipe"].get("dropout") else removals + 1


def refitted(subsets: int, size: dict) -> tuple:
    """Newton's method: the Hessian of all points and of each subset, k = D C, and factors of one block of subsets."""
    k = size["D"] * size["C"]
    held, flops = 8 * (3 * k**2 + 2 * size["n"] * size["D"]), 2.0 * size["n"] * k**2 * 10 + subsets * k**3
    return DRAWING + (128 << 20) + held + 9 * subsets * size["n"], 20 + flops / CORE, 0.0
