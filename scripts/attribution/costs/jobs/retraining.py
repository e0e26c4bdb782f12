"""Retraining without points and groups, and datamodels."""

from attribution.costs.jobs import networks
from attribution.costs.jobs.machine import CORE, DRAWING, MB, TENSORFLOW


def _removals(size: dict) -> tuple:
    held = 8 * (size["n"] + size["m"]) * size["n"] * 6
    return TENSORFLOW + held, 60 + held / MB, 0.0


def _datamodels(size: dict) -> tuple:
    points, subsets = size["n"] + size["m"], size["subsets"]
    held = 3 * subsets * (9 * size["n"] + 8 * points) + 5 * 8 * points * size["n"]
    flops = 17 * 3 * (subsets * size["n"] ** 2 + 2 * subsets * size["n"] * points)
    return DRAWING + held, 20 + flops / CORE, 0.0


COSTS = {
    "retrain_leave_one_out": networks.at_once(lambda size: networks.twice(size["n"], size)),
    "retrain_groups": networks.at_once(lambda size: networks.twice(size["removals"], size)),
    "retrain_subsets": networks.at_once(lambda size: size["members"]),
    "compare_removals": _removals,
    # without none, the named points, and the random sets
    "retrain_without_named": lambda size: networks.on_parts(size | {"members": 2 + 2 * size["removal_networks"]}),
    "refit_without_named": lambda size: networks.refitted(1 + 2 * size["removal_draws"], size),
    "fit_datamodels": _datamodels,
}
