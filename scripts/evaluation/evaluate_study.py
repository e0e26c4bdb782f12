"""evaluation.csv: how well each method finds the target's subgroup, and the report's other claims as numbers."""

from attribution.runtime import job

job.begin()

import time

import numpy as np
import pandas as pd

from attribution.data import seed_points
from attribution.evaluation import recovery
from attribution.files import atomic, hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.decision_boundary import BOUNDARY_DISTANCE
from attribution.files.results.gradients import FEATURES_TRAIN
from attribution.files.results.groups import COSINE, MEMBERS, NORMALISED_INFLUENCE, TIES
from attribution.files.results.growth import DRAWS, SIZES
from attribution.files.results.influence import SELF_INFLUENCE
from attribution.groups import greedy, growth, turning
from attribution.numerics import similarity

COLUMNS = ["method", "metric", "value", "low", "high", "seconds"]


def evaluate_study(files: dict, variants: dict, settings: dict, target: int, path: str) -> None:
    """Write evaluation.csv.

    Args:
        files: paths of `data`, `gradients`, `influence`, `boundary`, `growth`.
        variants: method name -> path of its groups.h5.
        settings: `top`, `closest`, `random_draws`, `seed`.
        target: number of the subgroup from whose centre the groups grew.

    `low` and `high` are the 5th and 95th percentile over draws, where a method draws.
    """
    x, y, subgroup = hdf5.read(files["data"], X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    (features,) = hdf5.read(files["gradients"], FEATURES_TRAIN)
    (own,) = hdf5.read(files["influence"], SELF_INFLUENCE)
    (distance,) = hdf5.read(files["boundary"], BOUNDARY_DISTANCE)
    seed, size = seed_points.central(x, subgroup, target), int((subgroup == target).sum())
    rows = []

    def add(method, metric, value, low=np.nan, high=np.nan, seconds=np.nan):
        rows.append([method, metric, value, low, high, seconds])

    for method, groups in variants.items():
        members, normalised, cosine = hdf5.read(
            groups, *(f"{seed}/{name}" for name in (MEMBERS, NORMALISED_INFLUENCE, COSINE))
        )
        with hdf5.file(groups) as file:
            ties = int(file[str(seed)].attrs[TIES])
        add(method, "precision", recovery.precision(members, subgroup, target))
        add(method, "exhausted_at", recovery.exhausted_at(members, subgroup, target))
        add(method, "maximum_over_cluster_size", (np.argmax(normalised) + 1) / size)
        add(method, "turning_point_over_cluster_size", turning.turning_point(cosine) / size)
        add(method, "steps_with_ties", ties)
    keys = greedy.tie_keys(x, y, settings["seed"])
    embedding = features[:, :-1]
    for method, points, metric in (
        ("embedding-euclidean", embedding, "euclidean"),
        ("embedding-cosine", embedding, "cosine"),
        ("input-euclidean", x, "euclidean"),
    ):
        start = time.perf_counter()
        members = similarity.nearest(points, seed, len(x), metric, keys)
        took = time.perf_counter() - start
        add(method, "precision", recovery.precision(members, subgroup, target), seconds=took)
        add(method, "exhausted_at", recovery.exhausted_at(members, subgroup, target), seconds=took)
    rng = np.random.default_rng(settings["seed"])
    drawn = recovery.random_precision(subgroup, y, seed, target, settings["random_draws"], rng)
    add("random-class", "precision", float(np.median(drawn)), *np.percentile(drawn, [5, 95]))
    top = np.argsort(-own, kind="stable")[: settings["top"]]
    closest = np.argsort(distance, kind="stable")[: settings["closest"]]
    add("self-influence", "top_among_closest", float(np.isin(top, closest).mean()))
    add("random", "top_among_closest", len(closest) / len(x))
    (sizes,) = hdf5.read(files["growth"], SIZES)
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
    settings="params.evaluation",
    target=lambda subgroups, target: subgroups.index(target),
)
