"""inspection.csv: how many flipped labels are found by inspecting the points that each score puts first."""

from attribution.runtime import log

if "snakemake" in globals():
    log.capture(snakemake.log[0])

import time

import numpy as np
import pandas as pd

from attribution.evaluation import inspection
from attribution.files import atomic, hdf5, provenance
from attribution.files.results.boundary import INDEX, SCORE
from attribution.files.results.data import FLIPPED_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, LOGITS_TRAIN
from attribution.files.results.influence import SELF_INFLUENCE

# of the curves, from nothing to all points
GRID = np.linspace(0, 1, 101)


def measure_inspection(files: dict, settings: dict, path: str, table: str, attributes: dict) -> None:
    """Write inspection.h5 and inspection.csv.

    inspection.h5: `flipped` (n,) bool; `index` (n,) int64, training indices; `suspicion/METHOD` (n,) float64, larger is
    inspected earlier; `shares` (g,), and of each method and of the random order `curves/METHOD`, `low/METHOD` and
    `high/METHOD` (g,) float64, share of the flipped points found; attributes `unsolved`, `points`.

    inspection.csv: method, metric (found@10% and so on, area), value, low, high, baseline, seconds. Where `baseline`
    names a method, the value is the difference to it, on the same bootstrap draws. `low` and `high` of the random order
    hold what single random orders give. `seconds`: of scores that are computed here, not read.

    Args:
        files: paths of `data`, `gradients`, `influence` (both of the last layer) and `boundary`, whose `index`
            says which points are inspected. settings: section `inspection`.

    Raises:
        ValueError: when no label was flipped, or too few for an interval.
    """
    try:
        (flipped,) = hdf5.read(files["data"], FLIPPED_TRAIN)
    except KeyError:
        raise ValueError(
            f"{files['data']} has no flipped labels; set `flipped` of that data set to a share above 0"
        ) from None
    (y,) = hdf5.read(files["data"], Y_TRAIN)
    features, logits = hdf5.read(files["gradients"], FEATURES_TRAIN, LOGITS_TRAIN)
    (own,) = hdf5.read(files["influence"], SELF_INFLUENCE)
    index, score = hdf5.read(files["boundary"], INDEX, SCORE)
    start = time.perf_counter()
    # neighbours are those among all training points, whichever are inspected
    neighbours = inspection.other_labels(features[:, :-1], y, settings["neighbours"])[index]
    seconds = {"embedding-neighbours": time.perf_counter() - start}
    print(f"neighbours: {seconds['embedding-neighbours']:.1f} s", flush=True)
    flipped = flipped[index]
    lengths = np.linalg.norm(features[index].astype(np.float64), axis=1)
    suspicion = inspection.suspicion(score, logits[index], y[index], own[index], neighbours, lengths)
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
    rows["seconds"] = rows.method.map(seconds)
    arrays = {"flipped": flipped, INDEX: index, "shares": GRID}
    arrays |= {f"suspicion/{method}": values for method, values in suspicion.items()}
    for name, part, chance in zip(("curves", "low", "high"), result[:3], random, strict=True):
        arrays |= {f"{name}/{method}": part[i, : len(GRID)] for i, method in enumerate(methods)}
        arrays[f"{name}/{inspection.RANDOM}"] = chance[: len(GRID)]
    with atomic.replacing(table) as temporary:
        rows.to_csv(temporary, index=False)
    hdf5.write(path, arrays, attributes | {"unsolved": int(np.isnan(score).sum()), "points": len(index)})


if "snakemake" in globals():
    measure_inspection(
        dict(snakemake.input.items()),
        snakemake.params.inspection,
        snakemake.output.inspection,
        snakemake.output.table,
        provenance.attributes(snakemake.rule, snakemake.wildcards, snakemake.params),
    )
