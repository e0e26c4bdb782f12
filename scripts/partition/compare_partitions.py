"""partition.csv, every partition against known subgroups, and partition-stability.csv, against one another."""

from attribution.runtime import job

job.begin()

from itertools import combinations

import numpy as np
import pandas as pd

from attribution.evaluation import partitions as judge
from attribution.files import atomic, hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, Y_TRAIN
from attribution.files.results.partition import LABELS, METHODS

COLUMNS = ["dataset", "geometry", "recipe", "seed", "method", "parts", "ari", "ari_within", "nmi", "purity", "seconds",
           "peak_mb"]  # fmt: skip
SHUFFLED = "shuffled-labels"


def compare_partitions(data: str, partitions: list[str], runs: list[list], geometry: str, outputs: list[str]) -> None:
    """Write both tables.

    Args:
        partitions: partition.h5 of the (recipe, seed) of `runs`, in their order. geometry: what the data set is called.

    Rows `shuffled-labels` hold the agreement of the first method's parts with subgroups in a random order. In the
    second table a row of one recipe is over each two of its trainings, one of `RECIPE/RECIPE` over those of a seed.
    """
    subgroups, classes = hdf5.read(data, SUBGROUP_TRAIN, Y_TRAIN)
    rows, labels = [], {}
    for (recipe, seed), path in zip(runs, partitions, strict=True):
        with hdf5.file(path) as file:
            dataset = file.attrs["dataset"]
            for place, name in enumerate(file.attrs[METHODS]):
                found, facts = file[name][LABELS][()], file[name].attrs
                labels.setdefault((recipe, name), {})[seed] = found
                start = [dataset, geometry, recipe, seed]
                end = [facts["seconds"], facts["peak_memory"] / 1e6]
                agreement = judge.against_subgroups(found, subgroups, classes)
                rows.append([*start, name, facts["parts"], *agreement.values(), *end])
                if place == 0:
                    order = np.random.default_rng(seed).permutation(len(subgroups))
                    agreement = judge.against_subgroups(found, subgroups[order], classes[order])
                    rows.append([*start, SHUFFLED, facts["parts"], *agreement.values(), None, None])
    steady = []

    def add(recipe: str, name: str, trainings: int, found: np.ndarray) -> None:
        if len(found):
            steady.append([dataset, geometry, recipe, name, trainings, np.median(found), found.min(), found.max()])

    for (recipe, name), of_seed in labels.items():
        add(recipe, name, len(of_seed), judge.stability(list(of_seed.values())))
    for one, other in combinations(dict.fromkeys(recipe for recipe, _ in runs), 2):
        for name in [name for recipe, name in labels if recipe == one and (other, name) in labels]:
            found = judge.between_networks(labels[one, name], labels[other, name])
            add(f"{one}/{other}", name, len(found), found)
    columns = ["dataset", "geometry", "recipe", "method", "trainings", "ari", "least", "most"]
    for path, table, names in ((outputs[0], rows, COLUMNS), (outputs[1], steady, columns)):
        with atomic.replacing(path) as temporary:
            pd.DataFrame(table, columns=names).to_csv(temporary, index=False)


job.run(compare_partitions)
