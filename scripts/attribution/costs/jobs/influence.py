"""Gradients, Hessian and influence of points."""

from attribution.costs import stages as cost
from attribution.costs.jobs import factors
from attribution.costs.jobs.machine import CORE, PLAIN, SINGLE, TENSORFLOW


def _gradients(size: dict) -> tuple:
    points = size["n"] + size["m"]
    if size["scope"] == "all_layers":
        flops = 3 * size["flops"] * points
        return TENSORFLOW + 3 * 8 * points * size["D"], 20 + flops / CORE, flops
    batch = min(size["batch_size"], points)
    block = batch * (size["sample_bytes"] + 8 * (size["D"] + 2 * size["C"]) + 4 * size["activations"])
    flops = size["flops"] * points
    return TENSORFLOW + block, 10 + flops / CORE, flops


def _given(size: dict) -> tuple:
    """Features as they are stored, twice, and where weights are solved for, three copies of them in float64."""
    points, wide = size["n"] + size["m"], size["n"] * size["D"]
    held = 2 * points * size.get("feature_bytes", 0) + 3 * 8 * wide + 4 * 8 * points * size["C"]
    return PLAIN + held, 5 + (4 * wide * size["D"] + 4 * points * size["D"] * size["C"]) / CORE, 0.0


def _hessian(size: dict) -> tuple:
    if size["scope"] == "all_layers":
        # a Hessian-vector product over the data for each column
        flops = 5 * 3 * size["flops"] * size["n"] * size["D"]
        return TENSORFLOW + 4 * 8 * size["D"] ** 2, 20 + flops / CORE, flops
    found = cost.hessian(size["n"], size["D"], size["C"])
    return PLAIN + found["bytes"], 5 + found["flops"] / CORE, found["flops"]


def _influence(size: dict) -> tuple:
    targets = min(size.get("targets", factors.EVERY_PAIR_TARGETS), size["n"])
    return factors.work(6, size["n"] / 10 + targets)(size | {"targets": targets})


def _top(size: dict) -> tuple:
    found = cost.top_k(
        size["n"] + size["m"], size["n"], size["D"], size["C"], size.get("top", 25), size.get("block", 1024)
    )
    return PLAIN + found["bytes"], 10 + found["flops"] / SINGLE, found["flops"]


def _near_duplicates(size: dict) -> tuple:
    """Every pair of points by the whitened gradients, and by what the last convolution gives, blocks of 512."""
    points = size["n"] + size["m"]
    held, seconds, flops = factors.work(8, points / 10)(size | {"targets": 512})
    if not size["places"]:
        return held, seconds, flops
    # beyond the limit outputs are projected to as many columns as it holds
    outputs = min(4 * points * size["places"], size["matrix_gb"] * 1e9)
    block = size["batch_size"] * (size["sample_bytes"] + 4 * size["activations"] + 8 * size["places"])
    # a network's pass over all points, and two operations for every pair and column of float32
    more = size["flops"] * points + size["n"] * outputs / 2
    return held + TENSORFLOW + outputs + block, seconds + 10 + more / CORE, flops + more


COSTS = {
    "cache_gradients": _gradients,
    "read_factors": _given,
    "cache_hessian": _hessian,
    "compute_influence": _influence,
    "compute_topk": _top,
    "find_near_duplicates": _near_duplicates,
}
