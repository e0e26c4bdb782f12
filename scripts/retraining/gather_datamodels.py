"""One table of all datamodels of a study, with the separation that inputs and embedding give."""

from attribution.runtime import job

job.begin()

import numpy as np
import pandas as pd

from attribution.files import atomic, hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN
from attribution.retraining import datamodels


def gather_datamodels(tables: list[str], data: str, gradients: str, path: str) -> None:
    """Write a CSV with the rows of all tables and, as baselines, `ari` and `ari_class` on inputs and embedding."""
    x, y, subgroup = hdf5.read(data, X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    (features,) = hdf5.read(gradients, FEATURES_TRAIN)
    inside = datamodels.divided_class(y, subgroup)
    rows = []
    for estimator, points in (("embedding", features[:, :-1]), ("input", x.reshape(len(x), -1))):
        for metric, chosen in (("ari", np.ones(len(y), dtype=bool)), ("ari_class", inside)):
            value = datamodels.separation(points[chosen], subgroup[chosen])
            rows.append({"estimator": estimator, "target": "train", "metric": metric, "value": value})
    everything = pd.concat([*map(pd.read_csv, tables), pd.DataFrame(rows)], ignore_index=True)
    with atomic.replacing(path) as temporary:
        everything.to_csv(temporary, index=False)


job.run(gather_datamodels)
