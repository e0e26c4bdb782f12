"""inspection-seeds.csv: flipped labels found over training seeds, each seed's curve averaged on the same points."""

from attribution.runtime import job

job.begin()

import numpy as np

from attribution.evaluation import inspection
from attribution.files import atomic, hdf5
from attribution.files.results.boundary import INDEX


def gather_inspection(files: list[str], settings: dict, path: str) -> None:
    """Write method, metric, value, low, high, baseline, seeds, smallest, largest.

    `smallest` and `largest` are the extremes over seeds; the bootstrap interval is over points, the same for all seeds.
    Where `baseline` names a method, the value is the difference to it.

    Args:
        files: inspection.h5 of each seed, on the same data. settings: section `inspection`.

    Raises:
        ValueError: when the files are of different points.
    """
    orders, first = {}, None
    for name in files:
        with hdf5.file(name) as file:
            points = np.stack([file[INDEX][()], file["flipped"][()]])
            first = points if first is None else first
            if not np.array_equal(points, first):
                raise ValueError(f"{name} holds other points than {files[0]}; make both again from the same data.h5")
            for method, values in file["suspicion"].items():
                orders.setdefault(method, []).append(inspection.order(values[()]))
    flipped, methods = first[1].astype(bool), list(orders)
    shares, base = np.array(settings["shares"]), methods.index(settings["baseline"])
    result = inspection.curves(list(orders.values()), flipped, shares, base, settings)
    rows = inspection.table(methods, result, np.arange(len(shares) + 1), settings["shares"], settings["baseline"])
    by_seed = np.array([[inspection.found(o, flipped, shares) for o in each] for each in orders.values()])
    place = {metric: column for column, metric in enumerate(inspection.metrics(settings["shares"]))}
    for name, extreme in (("smallest", np.min), ("largest", np.max)):
        rows[name] = [
            extreme(by_seed[methods.index(row.method), :, place[row.metric]]
                    - (by_seed[base, :, place[row.metric]] if row.baseline else 0))
            for row in rows.itertuples()
        ]  # fmt: skip
    rows.insert(6, "seeds", len(files))
    with atomic.replacing(path) as temporary:
        rows.to_csv(temporary, index=False)


job.run(gather_inspection, files="input.files", settings="params.inspection")
