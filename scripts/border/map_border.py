"""results/STUDY/border-EXTENT.csv: where attribution holds, of trainings that differ in length, step and size."""

from attribution.runtime import job

job.begin()

import pandas as pd

from attribution.files import atomic

RUN = ["dataset", "model", "alpha"]


def map_border(smoothness: list[str], scores: list[str], path: str) -> None:
    """Write a row a training, share of the subsets and method: what its training is like, and the method's score.

    Args:
        smoothness: tables of `measure_smoothness`. scores: of `measure_lds`, fixed truth, of the same trainings.
    """
    trainings = pd.concat([pd.read_csv(table) for table in smoothness])
    found = pd.concat([pd.read_csv(table) for table in scores])
    columns = [*RUN, "subsets", "method", "lds", "low", "high", "seconds"]
    with atomic.replacing(path) as temporary:
        trainings.merge(found[columns], on=RUN, validate="one_to_many").to_csv(temporary, index=False)


job.run(map_border)
