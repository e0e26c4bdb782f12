"""Algorithm 1: functioning groups grown from seed points."""

from attribution.runtime import job

job.begin()

import numpy as np

from attribution.costs import stages as cost
from attribution.data import seed_points
from attribution.files import hdf5, names, provenance
from attribution.groups import greedy
from attribution.influence import inverse_files
from attribution.influence.points import Solve


def find_groups(files: dict, solve: Solve, group: dict, subgroups: list[str], path: str, attributes: dict) -> None:
    """Write groups.h5, one folder a seed point, named by its training index.

    Args:
        files: paths of `data`, `gradients`, `hessian`, `influence`. solve: the damped inverse Hessian.
        group: settings of Algorithm 1. subgroups: names, in the order of their numbers.

    Raises:
        ValueError: when the adaptive form is asked for in all layers.
        MemoryError: when it would not fit, before anything is grown.
    """
    x, y, subgroup = hdf5.read(files["data"], names.X_TRAIN, names.Y_TRAIN, names.SUBGROUP_TRAIN)
    own, step_norm = hdf5.read(files["influence"], names.SELF_INFLUENCE, names.STEP_NORM)
    seed_names, seeds = seed_points.seeds(group["seeds"], x, y, subgroup, subgroups, group["excluded"])
    require_memory(files, group, len(seeds))
    features, residuals = hdf5.read(files["gradients"], names.FEATURES_TRAIN, names.RESIDUALS_TRAIN)
    keys = greedy.tie_keys(x, y, group["tie_seed"])
    common = {
        "seeds": [[seed] for seed in seeds],
        "size": group["size"],
        "rule": group["rule"],
        "direction": group["direction"],
        "keys": keys,
        "excluded": np.array(group["excluded"], dtype=np.int64),
        "stop": group["stop"],
    }
    if group["adaptive"]:
        facts = hdf5.attributes(files["hessian"])
        if facts["scope"] != "last_layer":
            raise ValueError("groups.adaptive is true in scope all_layers; it needs the closed forms of last_layer")
        from attribution.groups import adaptive

        weights, decay, slope = hdf5.read(files["gradients"], names.PARAMETERS, names.DECAY, names.DECAY_GRADIENT)
        weights = weights.reshape(features.shape[1], residuals.shape[1])
        groups = adaptive.grow(features, y, weights, decay, slope, facts["damping"], **common)
    else:
        groups = greedy.grow(features, residuals, solve, own, step_norm, **common)
    for seed in seeds:
        if own[seed] <= 0:
            print(
                f"warning: point {seed} has a gradient of zero, so no point has influence on it: its group is arbitrary"
            )
    arrays, facts = {}, {}
    for name, seed, found in zip(seed_names, seeds, groups, strict=True):
        arrays[f"{seed}/{names.MEMBERS}"] = found.members
        arrays[f"{seed}/{names.NORMALISED_INFLUENCE}"] = found.normalised_influence
        arrays[f"{seed}/{names.COSINE}"] = found.cosine
        facts |= {
            f"{seed}/seed_name": name,
            f"{seed}/rule": group["rule"],
            f"{seed}/direction": group["direction"],
            f"{seed}/stop": group["stop"],
            f"{seed}/{names.TIES}": found.ties,
            f"{seed}/{names.PEAK}": found.peak,
            f"{seed}/total_influence": found.normalised_influence[-1] * len(found.members),
        }
        if found.ties:
            print(f"group of point {seed}: {found.ties} steps had equal best scores, decided by tie_seed")
    hdf5.write(path, arrays, attributes | facts)


def require_memory(files: dict, group: dict, seeds: int) -> None:
    """Predict memory and time of so many groups, and refuse what would not fit.

    Args:
        files, group: as in `find_groups`. seeds: number of seed points.
    """
    exact = hdf5.attributes(files["hessian"])["solver"] == "exact"
    with hdf5.opened(files["gradients"], names.FEATURES_TRAIN, names.RESIDUALS_TRAIN) as (features, residuals):
        sizes = (seeds, group["size"], *features.shape, residuals.shape[1])
        itemsize = features.dtype.itemsize
    if group["adaptive"]:
        found, remedy = cost.adaptive_groups(*sizes), "set groups.adaptive to false"
    else:
        found = cost.groups(*sizes, itemsize=itemsize, exact=exact)
        remedy = f"give fewer groups.seeds{' or set influence.solver to cg' if exact else ''}"
    cost.require("groups", found, remedy, cost.speed(np.matmul, np.ones((1024, 1024))))


job.run(find_groups, solve=inverse_files.open_inverse, attributes=provenance.attributes)
