"""retrieval-seeds.csv: retrieval of near-duplicates over training seeds, each pair's outcome averaged over them."""

from attribution.runtime import job

job.begin()

import numpy as np
import pandas as pd

from attribution.evaluation import retrieval
from attribution.files import atomic, hdf5


def gather_retrieval(files: list[str], settings: dict, path: str) -> None:
    """Write method, metric, value, low, high, baseline, seeds, smallest, largest.

    `smallest` and `largest` are the extremes over seeds; the bootstrap interval is over pairs, whose outcomes are
    averaged over the seeds first. Where `baseline` names a method, the value is the difference to it.

    Args:
        files: retrieval.h5 of each seed, on the same data. settings: section `retrieval`.

    Raises:
        ValueError: when the files are of different pairs.
    """
    pairs, outcomes = [], {}
    for name in files:
        with hdf5.file(name) as file:
            pairs.append(np.stack([file["queries"][()], file["partners"][()]]))
            for method, rank in file["ranks"].items():
                for metric, values in retrieval.outcomes(rank[()], tuple(settings["cutoffs"])).items():
                    outcomes.setdefault((method, metric), []).append(values)
    for name, found in zip(files, pairs, strict=True):
        if not np.array_equal(found, pairs[0]):
            raise ValueError(f"{name} holds other pairs than {files[0]}; make both again from the same data.h5")
    rows = []
    for baseline in ("", settings["baseline"]):
        for (method, metric), values in outcomes.items():
            if method == baseline:
                continue
            by_seed = np.array(values) - (np.array(outcomes[baseline, metric]) if baseline else 0)
            low, high = retrieval.interval(
                by_seed.mean(axis=0), settings["resamples"], settings["level"], settings["seed"]
            )
            seeds = by_seed.mean(axis=1)
            rows.append([method, metric, seeds.mean(), low, high, baseline, len(files), seeds.min(), seeds.max()])
    columns = ["method", "metric", "value", "low", "high", "baseline", "seeds", "smallest", "largest"]
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=columns).to_csv(temporary, index=False)


job.run(gather_retrieval, files="input.files", settings="params.retrieval")
