"""How much of a group are its seed's nearest neighbours in the embedding, over many seeds: overlap.csv, overlap.h5."""

from attribution.runtime import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])

import numpy as np
import pandas as pd

from attribution.data import seed_points
from attribution.evaluation import recovery
from attribution.files import atomic, hdf5, provenance
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, RESIDUALS_TRAIN
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM
from attribution.files.results.overlap import MEMBERS, SEEDS
from attribution.groups import greedy
from attribution.influence import inverse_files
from attribution.influence.points import Solve

METRICS = ("euclidean", "cosine")


def measure_overlap(
    files: dict, solve: Solve, settings: dict, subgroups: list[str], members_path: str, path: str, attributes: dict
) -> None:
    """Write overlap.csv, a row a method, seed and metric, and overlap.h5: `seeds` (s,), and for every method
    `members/METHOD` (s, size), training indices, the seed first.

    `overlap-euclidean` and `overlap-cosine` are the share of a group's members after its seed that are among as many
    nearest neighbours of the seed in the embedding; `same_class` is the share that has the seed's label, for the
    neighbours too.

    Args:
        files: paths of `data`, `gradients`, `influence`. solve: the damped inverse Hessian.
        settings: `seeds` and `size`, `tie_seed`, `direction`. subgroups: names, in the order of their numbers.
    """
    features, residuals = hdf5.read(files["gradients"], FEATURES_TRAIN, RESIDUALS_TRAIN)
    x, y, subgroup = hdf5.read(files["data"], X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    own, step_norm = hdf5.read(files["influence"], SELF_INFLUENCE, STEP_NORM)
    _, seeds = seed_points.seeds(settings["seeds"], x, y, subgroup, subgroups, [])
    size, keys = settings["size"], greedy.tie_keys(x, y, settings["tie_seed"])
    del x
    neighbours = {
        metric: [
            recovery.nearest(features[:, :-1], seed, size, metric, keys)
            for seed in log.progress(seeds, f"nearest neighbours, {metric}")
        ]
        for metric in METRICS
    }
    rows, sets = [], {f"embedding-{metric}": found for metric, found in neighbours.items()}
    for metric, found in neighbours.items():
        for seed, members in zip(seeds, found, strict=True):
            rows.append([f"embedding-{metric}", seed, "same_class", (y[members[1:]] == y[seed]).mean()])
    for rule in log.progress(greedy.RULES, f"groups of {len(seeds)} seeds"):
        groups = greedy.grow(
            features, residuals, solve, own, step_norm, [[seed] for seed in seeds], size, rule,
            settings["direction"], keys,
        )  # fmt: skip
        sets[rule] = [group.members for group in groups]
        for j, (seed, group) in enumerate(zip(seeds, groups, strict=True)):
            members = group.members[1:]
            for metric in METRICS:
                rows.append([rule, seed, f"overlap-{metric}", np.isin(members, neighbours[metric][j][1:]).mean()])
            rows.append([rule, seed, "same_class", (y[members] == y[seed]).mean()])
    hdf5.write(members_path, {SEEDS: seeds} | {f"{MEMBERS}/{m}": s for m, s in sets.items()}, attributes)
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=["method", "seed", "metric", "value"]).to_csv(temporary, index=False)


if "snakemake" in globals():
    files = dict(snakemake.input.items())
    measure_overlap(
        files,
        inverse_files.open_inverse(files, snakemake.params.cg),
        snakemake.params.overlap,
        snakemake.params.subgroups,
        snakemake.output.members,
        snakemake.output.overlap,
        provenance.attributes(snakemake.rule, snakemake.wildcards, snakemake.params),
    )
