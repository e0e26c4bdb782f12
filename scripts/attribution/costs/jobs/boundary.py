"""Weights boundary of points and of groups."""

from attribution.costs.jobs import factors
from attribution.costs.jobs.machine import CORE, TENSORFLOW

A_SEED = 3.0  # seconds of Algorithm 1 from one seed, all boundary forms of the last layer, n = 50 000; measured


def _points(size: dict) -> tuple:
    """Boundary scores of points: a pass over the factors, or DeepFool in all layers (see `boundary_cost`)."""
    if size["scope"] == "last_layer":
        return factors.work(2, 4)(size)
    others = max(2, size["classes"]) - 1
    held = size["slots"] * 8 * (5 * size["parameters"] + (2 * others + 1) * 3 * size["activations"])
    points = size["n"] if size["boundary_points"] == "all" else size["boundary_points"]
    flops = 3 * points * size["flops"] * (2 + 2 * others)
    return TENSORFLOW + held, 15 + flops / CORE, flops


def _group_forms(size: dict) -> tuple:
    """Boundary scores of drawn groups: in all layers some ten steps of every member for every class."""
    if size["scope"] == "last_layer":
        return factors.work(4, 4)(size)[0], 20 + 0.2 * size["boundary_groups"], 0.0
    others = max(2, size["classes"]) - 1
    flops = 3 * 10 * size["boundary_members"] * size["flops"] * (2 + 2 * others)
    held = size["slots"] * 8 * (5 * size["parameters"] + (2 * others + 1) * 3 * 50 * size["activations"])
    return TENSORFLOW + held, 60 + flops / CORE, flops


def _boundary_groups(size: dict) -> tuple:
    """Algorithm 1 with a boundary score; in all layers each candidate's group is walked some thirty steps."""
    held = factors.work(8, 4)(size)[0]
    if size["scope"] == "last_layer":
        return held, A_SEED * size.get("group_seeds", 10), 0.0
    flops = 30 * 200 * 25**2 / 2 * 10 * 3 * size["flops"]
    return (
        TENSORFLOW + held + size["slots"] * 8 * (5 * size["parameters"] + 75 * size["activations"]),
        flops / CORE,
        flops,
    )


COSTS = {
    "compute_boundary": _points,
    "measure_group_boundary": _group_forms,
    "find_boundary_groups": _boundary_groups,
    "compare_boundary_groups": lambda size: (factors.work(12, 4)(size)[0], A_SEED * size["compared_seeds"], 0.0),
    "map_boundary_move": lambda size: (TENSORFLOW, 10.0, 0.0),
}
