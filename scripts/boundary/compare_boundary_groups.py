"""boundary_overlap.csv: groups by boundary scores against groups by influence and by embedding, over many seeds."""

from attribution.runtime import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])

import time

import numpy as np
import pandas as pd

from attribution.boundary import candidates as boundary_candidates
from attribution.boundary import grow as boundary_greedy
from attribution.boundary import score as boundary_scope
from attribution.data import seed_points
from attribution.evaluation import recovery
from attribution.files import atomic, hdf5
from attribution.files.results.data import INJECTED_PAIRS, SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import RESIDUALS_TRAIN
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM
from attribution.groups import greedy
from attribution.influence import inverse_files

RULES = ("l-relative", "theta-relative", "influence")


def compare_boundary_groups(
    files: dict, overlap: dict, tie_seed: int, boundary: dict, training: dict, cg: dict, subgroups: list[str], path: str
) -> None:
    """Write a row a method, seed and metric; the seed itself never counts.

    `found`: share of the members asked for that were found before no candidate was solved or, of the seed's class, was
    left; without any, no other row.
    `same_class` and `same_subgroup`: share of the members with the seed's label, or of its subgroup. `overlap-METHOD`:
    share that is also in the seed's group by that method. `partner`: whether the near-duplicate that the seed was
    injected beside has joined; then the injected images are the seeds.

    Args:
        files: paths of `data`, `gradients`, `hessian`, `influence`. overlap: `seeds` of other data. tie_seed: of ties.
        boundary: section `boundary`; its `greedy.size` holds for all methods. training: of the model. cg: of the
            inverse Hessian. subgroups: names.
    """
    x, y, subgroup = hdf5.read(files["data"], X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    with hdf5.file(files["data"]) as file:
        pairs = file[INJECTED_PAIRS][()] if INJECTED_PAIRS in file else None
    if pairs is None:
        _, seeds = seed_points.seeds(overlap["seeds"], x, y, subgroup, subgroups, [])
    else:
        seeds = pairs[:, 0].tolist()
    keys = greedy.tie_keys(x, y, tie_seed)
    del x
    features, weights = boundary_scope.last_layer(files["gradients"])
    (residuals,) = hdf5.read(files["gradients"], RESIDUALS_TRAIN)
    own, step_norm = hdf5.read(files["influence"], SELF_INFLUENCE, STEP_NORM)
    solve = inverse_files.open_inverse(files, cg)
    size = boundary["greedy"]["size"]
    score = boundary_scope.scorer(files, "last_layer", features, weights, boundary, training)
    lists = [[seed] for seed in seeds]
    groups, seconds = {}, {}

    def timed(method, found):
        begun = time.perf_counter()
        groups[method] = [np.asarray(members) for members in found()]
        seconds[method] = (time.perf_counter() - begun) / len(seeds)

    for rule in RULES:
        timed(rule, lambda rule=rule: [
            g.members for g in greedy.grow(features, residuals, solve, own, step_norm, lists, size, rule, "max", keys)
        ])  # fmt: skip
    timed("embedding-cosine", lambda: [recovery.nearest(features[:, :-1], s, size, "cosine", keys) for s in seeds])
    rng = np.random.default_rng(boundary["groups"]["seed"])
    timed("random-class", lambda: [np.append(s, of_class(y, s, size - 1, rng)) for s in seeds])
    for form, chosen in boundary["greedy"]["forms"].items():
        pools = boundary_candidates.pools(
            chosen["from"], chosen["count"], seeds, y, features, residuals, own, solve, [], keys
        )
        timed(f"boundary-{form}", lambda form=form, pools=pools: [
            g.members for g in boundary_greedy.grow(
                lambda members: score(members, form), lists, pools, size, form, keys, features, weights
            )
        ])  # fmt: skip
    rows = []
    for method, found in groups.items():
        for j, (seed, members) in enumerate(zip(seeds, found, strict=True)):
            others = members[members != seed]
            rows.append([method, seed, "found", len(others) / (size - 1)])
            if not len(others):
                continue
            rows.append([method, seed, "same_class", np.mean(y[others] == y[seed])])
            rows.append([method, seed, "same_subgroup", np.mean(subgroup[others] == subgroup[seed])])
            for other in ("l-relative", "embedding-cosine"):
                if other != method:
                    rows.append([method, seed, f"overlap-{other}", np.isin(others, groups[other][j]).mean()])
            if pairs is not None:
                rows.append([method, seed, "partner", float(pairs[j, 1] in others)])
    table = pd.DataFrame(rows, columns=["method", "seed", "metric", "value"])
    table["seconds"] = table.method.map(seconds)
    with atomic.replacing(path) as temporary:
        table.to_csv(temporary, index=False)


def of_class(y: np.ndarray, seed: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random other points of the seed's class, all of them where the class has no more."""
    others = np.setdiff1d(np.flatnonzero(y == y[seed]), seed)
    return rng.choice(others, min(count, len(others)), replace=False)


if "snakemake" in globals():
    compare_boundary_groups(
        dict(snakemake.input.items()),
        snakemake.params.overlap,
        snakemake.params.tie_seed,
        snakemake.params.boundary,
        snakemake.params.training,
        snakemake.params.cg,
        snakemake.params.subgroups,
        snakemake.output.table,
    )
