"""How much of a group are its seed's nearest neighbours in the embedding, over many seeds: overlap.csv, overlap.h5."""

from attribution.runtime import job

job.begin()

import numpy as np
import pandas as pd

from attribution.files import atomic, hdf5, provenance
from attribution.files.results.data import Y_TRAIN
from attribution.files.results.groups import MEMBERS, SEEDS
from attribution.methods import scores

# What groups are compared with: the metric and the method of its neighbours.
NEIGHBOURS = {"euclidean": "embedding-euclidean", "cosine": "embedding-cosine"}


def measure_overlap(data: str, files: dict, direction: str, members_path: str, path: str, attributes: dict) -> None:
    """Write overlap.csv, a row a method, seed and metric, and overlap.h5: `seeds` (s,), and for every method
    `members/METHOD` (s, size), training indices, the seed first.

    `overlap-euclidean` and `overlap-cosine` are the share of a group's members after its seed that are among as many
    nearest neighbours of the seed in the embedding; `same_class` is the share that has the seed's label, for the
    neighbours too.

    Args:
        data: data.h5. files: method -> its groups, scores/overlap/METHOD.h5, those of NEIGHBOURS among them.
        direction: `max` or `min`, of the methods that have both.

    Raises:
        ValueError: when a method gives no groups, or ended one before its size.
    """
    (y,) = hdf5.read(data, Y_TRAIN)
    sets = {}
    for method, file in files.items():
        sets[method], seeds, _ = scores.groups(file, "overlap", direction)
        if len(set(map(len, sets[method]))) > 1:
            raise ValueError(
                f"groups by '{method}' have different sizes, and overlap compares equal ones; leave it out"
            )
    rows = []
    for method, groups in sets.items():
        metrics = [] if method in NEIGHBOURS.values() else NEIGHBOURS
        for j, (seed, group) in enumerate(zip(seeds, groups, strict=True)):
            members = group[1:]
            for metric in metrics:
                shared = np.isin(members, sets[NEIGHBOURS[metric]][j][1:])
                rows.append([method, seed, f"overlap-{metric}", shared.mean()])
            rows.append([method, seed, "same_class", (y[members] == y[seed]).mean()])
    hdf5.write(members_path, {SEEDS: seeds} | {f"{MEMBERS}/{m}": s for m, s in sets.items()}, attributes)
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=["method", "seed", "metric", "value"]).to_csv(temporary, index=False)


job.run(
    measure_overlap,
    files=lambda methods, scores: dict(zip(methods, scores, strict=True)),
    direction="params.overlap.direction",
    members_path="output.members",
    path="output.overlap",
    # which methods are compared stands in the file itself
    attributes=lambda rule, wildcards, params: provenance.attributes(
        rule, wildcards, {name: params[name] for name in ("overlap", "subgroups", "cg")}
    ),
)
