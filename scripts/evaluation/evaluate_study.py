"""evaluation.csv: how well each method finds the target's subgroup, and the report's other claims as numbers."""

from attribution.runtime import job

job.begin()

import numpy as np
import pandas as pd

from attribution.data import seed_points
from attribution.evaluation import recovery
from attribution.files import atomic, hdf5
from attribution.files.results import groups as groups_file
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN
from attribution.files.results.decision_boundary import BOUNDARY_DISTANCE
from attribution.files.results.groups import COSINE, MEMBERS, NORMALISED_INFLUENCE, TIES
from attribution.files.results.growth import DRAWS, ONE_AFTER_OTHER, SIZES
from attribution.groups import growth, turning

COLUMNS = ["method", "metric", "value", "low", "high", "seconds"]


def evaluate_study(
    files: dict, variants: dict, recovered: dict, points: dict, settings: dict, target: int, path: str
) -> None:
    """Write evaluation.csv.

    Args:
        files: paths of `data`, `boundary`, `growth`.
        variants: name -> path of groups-NAME.h5. recovered: method -> path of scores/recovery/METHOD.h5.
        points: method -> path of scores/METHOD.h5.
        settings: `top`, `closest`.
        target: number of the subgroup from whose centre the groups grew.

    Where a group's order is judged it is that of the whole growth; `f1` is that of the group, up to where it stopped.
    `low` and `high` are the 5th and 95th percentile over draws, where a method draws.
    """
    x, subgroup = hdf5.read(files["data"], X_TRAIN, SUBGROUP_TRAIN)
    (distance,) = hdf5.read(files["boundary"], BOUNDARY_DISTANCE)
    seed, size = seed_points.central(x, subgroup, target), int((subgroup == target).sum())
    rows = []

    def add(method, metric, value):
        rows.append([method, metric, value, np.nan, np.nan, np.nan])

    for method, groups in variants.items():
        members, normalised, cosine = hdf5.read(
            groups, *(f"{seed}/{name}" for name in (MEMBERS, NORMALISED_INFLUENCE, COSINE))
        )
        with hdf5.file(groups) as file:
            ties, stopped = int(file[str(seed)].attrs[TIES]), groups_file.size(file[str(seed)].attrs, members)
        add(method, "precision", recovery.precision(members, subgroup, target))
        add(method, "exhausted_at", recovery.exhausted_at(members, subgroup, target))
        add(method, "maximum_over_cluster_size", (np.argmax(normalised) + 1) / size)
        add(method, "turning_point_over_cluster_size", turning.turning_point(cosine) / size)
        add(method, "stopped_over_cluster_size", stopped / size)
        add(method, "f1", recovery.against_subgroup(members[:stopped], subgroup, target)["f1"])
        add(method, "steps_with_ties", ties)
    for method, scored in recovered.items():
        rows += recovery.rows(scored, method, subgroup, target)
    closest = np.argsort(distance, kind="stable")[: settings["closest"]]
    for method, scored in points.items():
        add(method, "top_among_closest", recovery.top_among(scored, closest, len(x), settings["top"]))
    sizes, random = hdf5.read(files["growth"], SIZES, f"{ONE_AFTER_OTHER}/{NORMALISED_INFLUENCE}")
    maxima = (random.argmax(axis=1) + 1) / size
    spread = [np.median(maxima), *np.percentile(maxima, [5, 95])]
    rows.append(["one-after-other", "maximum_over_cluster_size", *spread, np.nan])
    draws = dict(zip(growth.POOLS, hdf5.read(files["growth"], *(f"{DRAWS}/{p}" for p in growth.POOLS)), strict=True))
    medians = {pool: np.median(values, axis=0) for pool, values in draws.items()}
    order = ["boundary-target", "target", "class", "all"]
    # a group of one is a point, not a group
    several = {pool: np.where(sizes > 1, values, np.nan) for pool, values in medians.items()}
    add("group-growth", "share_of_sizes_ordered", growth.share_ordered(several, order))
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(temporary, index=False)


job.run(
    evaluate_study,
    variants=lambda methods, groups: dict(zip(methods, groups, strict=True)),
    recovered=lambda recovery, recovered: dict(zip(recovery, recovered, strict=True)),
    points=lambda closest, points: dict(zip(closest, points, strict=True)),
    settings="params.evaluation",
    target=lambda subgroups, target: subgroups.index(target),
)
