"""Influence of random groups on themselves as they grow, by where they are drawn from."""

from attribution.runtime import job

job.begin()

import numpy as np

from attribution.files import hdf5, provenance
from attribution.files.results.data import SUBGROUP_TRAIN, Y_TRAIN
from attribution.files.results.decision_boundary import BOUNDARY_DISTANCE
from attribution.files.results.gradients import FEATURES_TRAIN, RESIDUALS_TRAIN
from attribution.files.results.groups import COSINE, NORMALISED_INFLUENCE
from attribution.files.results.growth import DRAWS, ONE_AFTER_OTHER, SIZES
from attribution.groups import growth
from attribution.influence import inverse_files
from attribution.influence.points import Solve


def measure_group_growth(
    files: dict, solve: Solve, settings: dict, target: int, other: int, path: str, attributes: dict
) -> None:
    """Write growth.h5: `sizes`, for each pool of `growth.POOLS` `draws/POOL` (draws, sizes) of I(G,G)/|G|, and groups
    that take the target's points and then the other subgroup's.

    Args:
        files: paths of `data`, `gradients`, `boundary`. target, other: numbers of the two subgroups of one class.
        settings: `draws`, `sizes`, `boundary_share`, `seed`.
    """
    features, residuals = hdf5.read(files["gradients"], FEATURES_TRAIN, RESIDUALS_TRAIN)
    labels, subgroup = hdf5.read(files["data"], Y_TRAIN, SUBGROUP_TRAIN)
    (distance,) = hdf5.read(files["boundary"], BOUNDARY_DISTANCE)
    pools = growth.pools(subgroup, labels, distance, target, other, settings["boundary_share"])
    # half the sizes are reached by every pool, so that pools compare; the rest go up to the whole class
    small, large = min(map(len, pools.values())), len(pools["class"])
    half = settings["sizes"] // 2
    sizes = np.unique(np.round(np.r_[np.linspace(1, small, half), np.linspace(small, large, half + 1)]).astype(int))
    *streams, last = np.random.default_rng(settings["seed"]).spawn(len(growth.POOLS) + 1)
    arrays = {SIZES: sizes}
    for pool, rng in zip(growth.POOLS, streams, strict=True):
        arrays[f"{DRAWS}/{pool}"] = growth.growth(
            features, residuals, solve, pools[pool], sizes, settings["draws"], rng
        )
    found = growth.one_after_other(features, residuals, solve, pools["target"], pools["other"], settings["draws"], last)
    arrays |= {
        f"{ONE_AFTER_OTHER}/{name}": array for name, array in zip((NORMALISED_INFLUENCE, COSINE), found, strict=True)
    }
    hdf5.write(path, arrays, attributes)


job.run(
    measure_group_growth,
    solve=inverse_files.open_inverse,
    settings="params.growth",
    target=lambda subgroups, target: subgroups.index(target),
    other=lambda subgroups, other: subgroups.index(other),
    attributes=provenance.attributes,
)
