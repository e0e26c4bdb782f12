"""boundary_overlap.csv: groups by boundary scores against groups by influence and by embedding, over many seeds."""

from attribution.runtime import job

job.begin()

import numpy as np
import pandas as pd

from attribution.files import atomic, hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, Y_TRAIN
from attribution.methods import scores, targets

# Methods that every other one is compared with.
OTHERS = ("l-relative", "embedding-cosine")


def compare_boundary_groups(data: str, files: dict, size: int, path: str) -> None:
    """Write a row a method, seed and metric; the seed itself never counts.

    `found`: share of the members asked for that were found before no candidate was solved or, of the seed's class, was
    left; without any, no other row.
    `same_class` and `same_subgroup`: share of the members with the seed's label, or of its subgroup. `overlap-METHOD`:
    share that is also in the seed's group by that method. `partner`: whether the near-duplicate that the seed was
    injected beside has joined; then the injected images are the seeds.

    Args:
        data: data.h5. files: method -> its groups, scores/boundary_overlap/METHOD.h5, those of OTHERS among them.
        size: of a group.

    Raises:
        ValueError: when a method gives no groups.
    """
    y, subgroup = hdf5.read(data, Y_TRAIN, SUBGROUP_TRAIN)
    pairs = targets.injected_pairs(data)
    groups, seconds = {}, {}
    for method, file in files.items():
        groups[method], seeds, took = scores.groups(file, "boundary_overlap")
        seconds[method] = took / len(seeds)
    rows = []
    for method, found in groups.items():
        for j, (seed, members) in enumerate(zip(seeds, found, strict=True)):
            others = members[members != seed]
            rows.append([method, seed, "found", len(others) / (size - 1)])
            if not len(others):
                continue
            rows.append([method, seed, "same_class", np.mean(y[others] == y[seed])])
            rows.append([method, seed, "same_subgroup", np.mean(subgroup[others] == subgroup[seed])])
            for other in OTHERS:
                if other != method:
                    rows.append([method, seed, f"overlap-{other}", np.isin(others, groups[other][j]).mean()])
            if pairs is not None:
                rows.append([method, seed, "partner", float(pairs[j, 1] in others)])
    table = pd.DataFrame(rows, columns=["method", "seed", "metric", "value"])
    table["seconds"] = table.method.map(seconds)
    with atomic.replacing(path) as temporary:
        table.to_csv(temporary, index=False)


job.run(compare_boundary_groups, files=lambda methods, scores: dict(zip(methods, scores, strict=True)))
