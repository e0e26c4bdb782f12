"""inspection.csv: how many flipped labels are found by inspecting the points that each score puts first."""

from attribution.runtime import job

job.begin()

from functools import reduce

import numpy as np
import pandas as pd

from attribution.evaluation import inspection
from attribution.files import atomic, hdf5, provenance
from attribution.files.results.boundary import INDEX
from attribution.files.results.data import FLIPPED_TRAIN
from attribution.methods import scores

# of the curves, from nothing to all points
GRID = np.linspace(0, 1, 101)


def measure_inspection(data: str, files: dict, settings: dict, path: str, table: str, attributes: dict) -> None:
    """Write inspection.h5 and inspection.csv.

    inspection.h5: `flipped` (n,) bool; `index` (n,) int64, training indices; `suspicion/METHOD` (n,) float64, larger is
    inspected earlier; `shares` (g,), and of each method and of the random order `curves/METHOD`, `low/METHOD` and
    `high/METHOD` (g,) float64, share of the flipped points found; attributes `unsolved`, points whose boundary was not
    found, and `points`.

    inspection.csv: method, metric (found@10% and so on, area), value, low, high, baseline, seconds. Where `baseline`
    names a method, the value is the difference to it, on the same bootstrap draws. `low` and `high` of the random order
    hold what single random orders give. `seconds`: of scores that are computed for this, not read from a result.

    Args:
        data: data.h5. files: method -> scores/METHOD.h5, in the order of the table; inspected are the points that all
            of them score. settings: section `inspection`.

    Raises:
        ValueError: when no label was flipped, or too few for an interval, or a method scores no points.
    """
    try:
        (flipped,) = hdf5.read(data, FLIPPED_TRAIN)
    except KeyError:
        raise ValueError(
            f"{data} has no flipped labels, so nothing says which score finds them; for the most suspicious labels of "
            "your data ask for suspicious.csv of the run, or set `flipped` above 0 in a copy of the data set"
        ) from None
    found = {method: scores.points(file, "inspection") for method, file in files.items()}
    index = reduce(np.intersect1d, (points for _, points, _ in found.values()))
    suspicion = {method: values[np.searchsorted(points, index)] for method, (values, points, _) in found.items()}
    flipped = flipped[index]
    methods, baseline, shares = list(suspicion), settings["baseline"], settings["shares"]
    grid = np.concatenate([GRID, shares])
    columns = np.arange(len(GRID), len(grid) + 1)
    result = inspection.curves(
        [[inspection.order(suspicion[method])] for method in methods], flipped, grid, methods.index(baseline), settings
    )
    random = inspection.chance(len(flipped), int(flipped.sum()), grid, settings["level"])
    rows = inspection.table(methods, result, columns, shares, baseline)
    by_chance = [
        [inspection.RANDOM, metric, *(part[column] for part in random), ""]
        for metric, column in zip(inspection.metrics(shares), columns, strict=True)
    ]
    rows = pd.concat([rows, pd.DataFrame(by_chance, columns=rows.columns)])
    rows["seconds"] = rows.method.map({method: took for method, (*_, took) in found.items() if took is not None})
    arrays = {"flipped": flipped, INDEX: index, "shares": GRID}
    arrays |= {f"suspicion/{method}": values for method, values in suspicion.items()}
    for name, part, chance in zip(("curves", "low", "high"), result[:3], random, strict=True):
        arrays |= {f"{name}/{method}": part[i, : len(GRID)] for i, method in enumerate(methods)}
        arrays[f"{name}/{inspection.RANDOM}"] = chance[: len(GRID)]
    with atomic.replacing(table) as temporary:
        rows.to_csv(temporary, index=False)
    unsolved = int(np.isneginf(suspicion["boundary"]).sum()) if "boundary" in suspicion else None
    hdf5.write(path, arrays, attributes | {"unsolved": unsolved, "points": len(index)})


job.run(
    measure_inspection,
    files=lambda methods, scores: dict(zip(methods, scores, strict=True)),
    settings="params.inspection",
    # what is compared stands in the file itself
    attributes=lambda rule, wildcards, params: provenance.attributes(
        rule, wildcards, {"inspection": params["inspection"]}
    ),
)
