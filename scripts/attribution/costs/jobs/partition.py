"""The training set divided, and parts of it removed."""

from attribution.costs.jobs import factors, groups, networks

PARTS_LEAVE = 200  # networks of `retrain_parts`: parts of a dozen methods, and of controls with their sizes

COSTS = {
    "partition_training_set": factors.divided,
    "improve_groups": groups.grown,
    "retrain_parts": lambda size: networks.on_parts(size | {"members": PARTS_LEAVE}),
    "refit_parts": lambda size: networks.refitted(PARTS_LEAVE, size),
}
