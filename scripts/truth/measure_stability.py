"""judges/attribution-stability-EXTENT.csv: do trainings from other seeds attribute alike, by each method?"""

from attribution.runtime import job

job.begin()

import numpy as np
import pandas as pd

from attribution.evaluation import stability
from attribution.files import atomic, hdf5
from attribution.files.results.influence import TARGETS
from attribution.methods import scores


def measure_stability(
    wildcards: dict, attributions: list[str], methods: list[str], trainings: int, interval: dict, path: str
) -> None:
    """Write the table, a row a method.

    Args:
        attributions: of each of `methods` those of all trainings, one method after another. trainings: how many.
        interval: `resamples`, `level`, `seed`, over targets.
    """
    rows = []
    (targets,) = hdf5.read(attributions[0], TARGETS)
    for number, method in enumerate(methods):
        files = attributions[number * trainings : (number + 1) * trainings]
        several = np.stack([scores.attribution(file, targets)[0] for file in files])
        start = {"dataset": wildcards["dataset"], "model": wildcards["model"], "method": method}
        rows.append(start | stability.row(several, interval))
        print(f"{method}: {rows[-1]['spearman']:.3f} ({rows[-1]['low']:.3f} to {rows[-1]['high']:.3f})", flush=True)
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)


job.run(measure_stability)
