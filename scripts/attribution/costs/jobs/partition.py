"""The training set divided, and parts of it removed."""

from attribution.costs.jobs import factors, groups, networks

PARTS_LEAVE = 200  # networks of `retrain_parts`: parts of a dozen methods, and of controls with their sizes
METHODS = 12  # each divides into 2, 3, ... parts where removals say into how many


def divided(size: dict) -> tuple:
    """All methods and, where a partition or its number is chosen by retraining, networks without each part of each."""
    held, seconds, flops = factors.divided(size)
    most = size.get("numbers", 0)
    members = PARTS_LEAVE * bool(size.get("choosing")) + METHODS * (most * (most + 1) // 2 - 1 if most else 0)
    if not members:
        return held, seconds, flops
    of_networks = networks.on_parts(size | {"members": members})
    return max(held, of_networks[0]), seconds + of_networks[1], flops + of_networks[2]


COSTS = {
    "partition_training_set": divided,
    "improve_groups": groups.grown,
    "retrain_parts": lambda size: networks.on_parts(size | {"members": PARTS_LEAVE}),
    "refit_parts": lambda size: networks.refitted(PARTS_LEAVE, size),
}
