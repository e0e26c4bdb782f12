"""agreement.csv: how much of a seed point's group is the same in other training seeds, and in other models."""

from attribution.runtime import job

job.begin()

import itertools

import numpy as np
import pandas as pd

from attribution.evaluation import agreement, retrieval
from attribution.files import atomic, hdf5
from attribution.files.results.data import Y_TRAIN
from attribution.files.results.groups import MEMBERS

COLUMNS = [
    "first_model", "second_model", "pairs", "method", "metric", "value", "low", "high", "smallest", "largest",
    "baseline", "points", "size",
]  # fmt: skip
# What the selection rules are compared with, seed point by seed point.
BASELINE = "embedding-cosine"


def measure_agreement(data: str, files: list[str], interval: dict, path: str) -> None:
    """Write agreement.csv, a row a pair of models (twice the same: its training seeds), method and metric.

    Every pair of runs of the two models counts, and every method that both have; `smallest` and `largest` are the
    extremes of their means. A seed point's outcome is averaged over the pairs of runs, and the bootstrap interval is
    over seed points. Where `baseline` names a method, the value is the difference to it. Method `random-class` is the
    expectation for random members of the seed's class. `points` is the number of seed points, `size` that of members,
    of which the seed does not count.

    Args:
        data: data.h5. files: overlap.h5 of every run, of the same seed points.
        interval: `resamples`, `level`, `seed` of the bootstrap.

    Raises:
        ValueError: when the files are of different seed points or sizes, or there is only one.
    """
    if len(files) < 2:
        raise ValueError(f"agreement needs two runs, and {files[0]} is the only one; name more models or seeds")
    (labels,) = hdf5.read(data, Y_TRAIN)
    runs, model_of = {}, {}
    for file in files:
        facts = hdf5.attributes(file)
        with hdf5.file(file) as opened:
            runs[file] = {method: members[()] for method, members in opened[MEMBERS].items()}
        model_of[file] = facts["model"]
    members = next(iter(next(iter(runs.values())).values()))
    seeds, size = members[:, 0], members.shape[1]
    chance = agreement.by_chance(labels, seeds, size - 1)
    found = {}
    for a, b in itertools.combinations(files, 2):
        models = (model_of[a], model_of[b])
        # of two models one may have no untrained network beside it
        for method in [method for method in runs[a] if method in runs[b]]:
            count = agreement.shared(runs[a][method], runs[b][method])
            for metric, values in agreement.outcomes(count, size - 1).items():
                found.setdefault((models, method, metric), []).append(values)
        for metric, values in chance.items():
            found.setdefault((models, agreement.CHANCE, metric), []).append(values)
    rows = []
    for baseline in ("", BASELINE):
        for (models, method, metric), values in found.items():
            if method == baseline:
                continue
            by_pair = np.array(values) - (np.array(found[models, baseline, metric]) if baseline else 0)
            low, high = retrieval.interval(
                by_pair.mean(axis=0), interval["resamples"], interval["level"], interval["seed"]
            )
            means = by_pair.mean(axis=1)
            spread = [means.mean(), low, high, means.min(), means.max()]
            rows.append([*models, len(by_pair), method, metric, *spread, baseline, len(seeds), size])
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(temporary, index=False)


job.run(measure_agreement, files="input.files")
