"""Self-influence of every training point, and influence of all training points on the targets."""

from attribution.runtime import job, log

job.begin()

import numpy as np

from attribution.costs import stages as cost
from attribution.data import seed_points
from attribution.files import hdf5, provenance
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, RESIDUALS_TRAIN
from attribution.files.results.influence import INFLUENCE, SELF_INFLUENCE, STEP_NORM, TARGETS
from attribution.influence import inverse_files
from attribution.influence import points as influence

# Targets a step: rows of the matrix that are in memory at a time.
BLOCK = 1024


def compute_influence(
    gradients: str,
    solve: influence.Solve,
    labels: str,
    targets,
    matrix_gb: float,
    subgroups: list[str],
    path: str,
    attributes: dict,
    exact: bool = True,
) -> None:
    """Write influence.h5; the matrix goes to the file in blocks of targets.

    Args:
        gradients, labels: gradients.h5 and data.h5. solve: the damped inverse Hessian.
        targets: "all", or training indices, subgroup names, rows and ids (see `seed_points.resolve`).
        matrix_gb: size of the matrix, in 1e9 bytes, from which it is refused.
        subgroups: names, in the order of their numbers. exact: whether `solve` holds the Cholesky factor.

    Raises:
        MemoryError: when it would not fit, before anything is computed.
        ValueError: when the matrix is too large, a target does not exist, or no point has influence on itself.
    """
    with hdf5.opened(gradients, FEATURES_TRAIN, RESIDUALS_TRAIN) as (features, residuals):
        (n, d), c, itemsize = features.shape, residuals.shape[1], features.dtype.itemsize
    if targets == "all":
        rows = list(range(n))
    else:
        x, subgroup = hdf5.read(labels, X_TRAIN, SUBGROUP_TRAIN)
        rows = seed_points.resolve(targets, x, subgroup, subgroups, seed_points.own_of(labels, targets))
    influence.refuse_large_matrix(len(rows), n, matrix_gb)
    cost.require(
        "influence",
        cost.influence_file(len(rows), n, d, c, BLOCK, itemsize, exact),
        f"set influence.storage to float32{' or influence.solver to cg' if exact else ''}",
        cost.speed(np.matmul, np.ones((1024, 1024))),
    )
    features, residuals = hdf5.read(gradients, FEATURES_TRAIN, RESIDUALS_TRAIN)
    with hdf5.writing(path, attributes | {"scale": "I, not divided by n"}) as file:
        own, step_norm = influence.self_influence(features, residuals, solve, label="self-influence")
        influence.refuse_zero_gradients(own)
        for name, array in ((SELF_INFLUENCE, own), (STEP_NORM, step_norm), (TARGETS, rows)):
            file.create_dataset(name, data=array, track_times=False)
        matrix = file.create_dataset(INFLUENCE, (len(rows), n), "float64", track_times=False)
        for start in log.progress(range(0, len(rows), BLOCK), "influence matrix"):
            part = rows[start : start + BLOCK]
            matrix[start : start + len(part)] = influence.all_pairs(
                features[part], residuals[part], features, residuals, solve
            )


job.run(
    compute_influence, solve=inverse_files.open_inverse, attributes=provenance.attributes, exact=inverse_files.is_exact
)
