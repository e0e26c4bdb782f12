"""Algorithm 1: functioning groups grown from seed points."""

from attribution.runtime import job

job.begin()

from collections.abc import Callable
from functools import partial

import numpy as np

from attribution.costs import stages as cost
from attribution.data import seed_points
from attribution.files import group_folders, hdf5, provenance
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import DECAY, DECAY_GRADIENT, FEATURES_TRAIN, PARAMETERS, RESIDUALS_TRAIN
from attribution.files.results.groups import COSINE, MEMBERS, NORMALISED_INFLUENCE, PEAK, STOP, STOPPED, TIES
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM
from attribution.groups import by_pairs, greedy, products, stops
from attribution.influence import inverse_files
from attribution.influence.points import Solve
from attribution.methods import base
from attribution.methods.run import Run
from attribution.training import class_weights


def find_groups(
    files: dict,
    solve: Solve | None,
    group: dict,
    subgroups: list[str],
    path: str,
    attributes: dict,
    pairs: Callable | None = None,
) -> None:
    """Write groups.h5, one folder a seed point or list of them, see `group_folders`.

    Args:
        files: paths of `data`, `gradients`, `hessian`, `influence`. solve: the damped inverse Hessian.
        group: settings of Algorithm 1. subgroups: names, in the order of their numbers.
        pairs: scores of the method that is the rule, see `by_pairs.grow`; without it the rule is one of `greedy.RULES`.

    Raises:
        ValueError: when the adaptive form is asked for in all layers.
        MemoryError: when it would not fit, before anything is grown.
    """
    x, y, subgroup = hdf5.read(files["data"], X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    own, step_norm = hdf5.read(files["influence"], SELF_INFLUENCE, STEP_NORM)
    named = seed_points.own_of(files["data"], group["seeds"], group["excluded"])
    group = group | {"excluded": seed_points.numbers(group["excluded"], named, "groups.excluded")}
    start_names, starts = seed_points.starts(group["seeds"], x, y, subgroup, subgroups, group["excluded"], named)
    require_memory(files, group, len(starts))
    features, residuals = hdf5.read(files["gradients"], FEATURES_TRAIN, RESIDUALS_TRAIN)
    common = {
        "size": group["size"],
        "direction": group["direction"],
        "keys": greedy.tie_keys(x, y, group["tie_seed"]),
        "excluded": np.array(group["excluded"], dtype=np.int64),
    }
    if pairs and group["adaptive"]:
        raise ValueError(f"groups.adaptive is true, but rule '{group['rule']}' is none of {', '.join(greedy.RULES)}")
    if group["adaptive"]:
        facts = hdf5.attributes(files["hessian"])
        if facts["scope"] != "last_layer":
            raise ValueError("groups.adaptive is true in scope all_layers; it needs the closed forms of last_layer")
        from attribution.groups import adaptive

        weights, decay, slope = hdf5.read(files["gradients"], PARAMETERS, DECAY, DECAY_GRADIENT)
        weights = weights.reshape(features.shape[1], residuals.shape[1])
        layer = (features, y, weights, decay, slope, facts["damping"])
        point_weights = class_weights.stored(files["gradients"])
        grow = partial(adaptive.grow, *layer, rule=group["rule"], point_weights=point_weights, **common)
    elif pairs:
        grow = partial(by_pairs.grow, pairs, len(y), **common)
    else:
        factors = (features, residuals, solve, own, step_norm)
        grow = partial(greedy.grow, *factors, rule=group["rule"], **common)
    known = products.of_pairs(pairs) if pairs else products.of_factors(features, residuals, solve, own)
    allowed = ~np.isin(np.arange(len(y)), group["excluded"])
    growth = stops.Growth(y, allowed, known, grow, group["tie_seed"])
    arrays, facts = {}, {}
    for name, start, found in zip(start_names, starts, grow(starts), strict=True):
        seed = group_folders.folder_of(start)
        stop, stopped = stops.end(group["stop"], group["direction"], found, len(start), growth)
        if not pairs and (own[start] <= 0).all():
            print(
                f"warning: point {seed} has a gradient of zero, so no point has influence on it: its group is arbitrary"
            )
        arrays[f"{seed}/{MEMBERS}"] = found.members
        arrays[f"{seed}/{NORMALISED_INFLUENCE}"] = found.normalised_influence
        arrays[f"{seed}/{COSINE}"] = found.cosine
        facts |= {
            f"{seed}/seed_name": name,
            f"{seed}/rule": group["rule"],
            f"{seed}/direction": group["direction"],
            f"{seed}/{STOP}": stop,
            f"{seed}/{STOPPED}": stopped,
            f"{seed}/{TIES}": found.ties,
            f"{seed}/{PEAK}": found.peak,
            f"{seed}/total_influence": found.normalised_influence[stopped - 1] * stopped,
        }
        if found.ties:
            print(f"group of point {seed}: {found.ties} steps had equal best scores, decided by tie_seed")
    if any(facts[f"{group_folders.folder_of(start)}/{STOP}"] != group["stop"] for start in starts):
        print(
            f"groups.stop is '{group['stop']}', which judges how alike members are; that says nothing of direction min "
            f"and of scores that are no inner products, so all {group['size']} members are the group"
        )
    hdf5.write(path, arrays, attributes | facts)


def require_memory(files: dict, group: dict, seeds: int) -> None:
    """Predict memory and time of so many groups, and refuse what would not fit.

    Args:
        files, group: as in `find_groups`. seeds: number of seed points.
    """
    exact = hdf5.attributes(files["hessian"])["solver"] == "exact"
    with hdf5.opened(files["gradients"], FEATURES_TRAIN, RESIDUALS_TRAIN) as (features, residuals):
        sizes = (seeds, group["size"], *features.shape, residuals.shape[1])
        itemsize = features.dtype.itemsize
    if group["adaptive"]:
        found, remedy = cost.adaptive_groups(*sizes), "set groups.adaptive to false"
    else:
        found = cost.groups(*sizes, itemsize=itemsize, exact=exact)
        remedy = f"give fewer groups.seeds{' or set influence.solver to cg' if exact else ''}"
    if group["stop"] in stops.BY_LIKENESS:
        after = cost.stop(seeds, group["size"], found["k"])
        found, remedy = found | {name: found[name] + after[name] for name in after}, f"{remedy}, or lower groups.size"
    cost.require("groups", found, remedy, cost.speed(np.matmul, np.ones((1024, 1024))))


def inverse(files: dict, cg: dict, method: dict) -> Solve | None:
    """The inverse Hessian, which groups by the pairs of a method do without."""
    return None if method else inverse_files.open_inverse(files, cg)


def pairs_of(files: dict, method: dict) -> Callable | None:
    """Scores of pairs by the method that is the rule of the groups, where one is."""
    return partial(base.resolve(method["name"]).pairs, Run(files, method["settings"])) if method else None


def facts(rule: str, wildcards: dict, params: dict) -> dict:
    """Attributes of the result: the settings, without a method where there is none."""
    return provenance.attributes(rule, wildcards, {key: value for key, value in params.items() if value != {}})


job.run(find_groups, solve=inverse, pairs=pairs_of, attributes=facts)
