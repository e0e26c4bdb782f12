"""stop_conditions.csv: where every condition stops groups of every method, against the subgroup of the seed."""

from attribution.runtime import job

job.begin()

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from attribution.data import seed_points
from attribution.evaluation import recovery
from attribution.files import atomic, hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.groups import by_pairs, greedy, products, stops
from attribution.methods import base, kernels
from attribution.methods.run import Run, of_network


def measure_stop_conditions(
    files: dict, methods: dict, recipes: dict, seed: int, tie_seed: int, wildcards: dict, path: str
) -> None:
    """Write a row a method, subgroup and condition.

    Groups grow from the centre of each subgroup that is not the only one of its class, to as many members as its class
    has points. What knows no label takes points of the class only: gradients know it.

    Args:
        files, methods, recipes: as `partition_training_set` has them. seed: of the training. tie_seed: of equal scores.
        wildcards: `dataset` and `model`.
    """
    x, y, subgroup = hdf5.read(files["data"], X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    names, rows = hdf5.attributes(files["data"])["subgroup_names"], []
    for name, method in methods.items():
        grow, known = _grower(name, method, of_network(files, method, recipes, seed))
        for part in np.unique(subgroup):
            start = seed_points.central(x, subgroup, int(part))
            own_class = y == y[start]
            if len(np.unique(subgroup[own_class])) == 1:
                continue
            allowed = own_class if method["unlabelled"] else np.ones(len(y), dtype=bool)
            grow_here = partial(grow, size=int(own_class.sum()), excluded=np.flatnonzero(~allowed))
            (group,) = grow_here([[start]])
            growth = stops.Growth(y, allowed, known, grow_here, tie_seed)
            first, size = recovery.precision(group.members, subgroup, part), int((subgroup == part).sum())
            for condition in stops.CONDITIONS:
                members = group.members[: stops.size(condition, group, 1, growth)]
                found = recovery.against_subgroup(members, subgroup, part)
                rows.append({
                    "dataset": wildcards["dataset"], "model": wildcards["model"], "seed": seed, "method": name,
                    "role": "control" if method["control"] else "method", "part": names[part], "condition": condition,
                    **found, "share_of_first": first, "members": len(members), "part_size": size,
                })  # fmt: skip
        print(f"{name}: groups from {len(rows) // len(stops.CONDITIONS)} seeds so far", flush=True)
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)


def _grower(name: str, method: dict, run: Run) -> tuple[Callable, products.Products]:
    """Algorithm 1 as a function of seeds, size and excluded points, by a rule of its own or by a method's kernel."""
    if method["method"] in greedy.RULES and not method["unit"]:
        factors = (run.features, run.residuals, run.solve, run.own)
        settings = {"rule": method["method"], "direction": "max", "keys": run.keys}
        return partial(greedy.grow, *factors, run.step_norm, **settings), products.of_factors(*factors)
    kernel = kernels.of_method(name, base.resolve(method["text"]), run, method["unit"])
    pairs = kernel.__getitem__
    return partial(by_pairs.grow, pairs, len(kernel), direction="max", keys=run.keys), products.of_pairs(pairs)


job.run(measure_stop_conditions)
