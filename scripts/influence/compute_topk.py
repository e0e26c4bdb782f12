"""The most helpful and most harmful training points of every training and test point; resumes after a kill."""

from attribution.runtime import job, log

job.begin()

import numpy as np

from attribution.costs import stages as cost
from attribution.data import own_rows
from attribution.files import hdf5, provenance, resume
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TEST, FEATURES_TRAIN, RESIDUALS_TEST, RESIDUALS_TRAIN
from attribution.files.results.topk import HARMFUL, HELPFUL, OWN_ROWS
from attribution.groups import greedy
from attribution.influence import inverse_files, topk
from attribution.influence.points import Solve

SETS = {
    "train": (FEATURES_TRAIN, RESIDUALS_TRAIN),
    "test": (FEATURES_TEST, RESIDUALS_TEST),
}
# Samples hashed at a time.
ROWS = 4096


def tie_keys(data: str, seed: int) -> np.ndarray:
    """(n,) keys of the training points (see `greedy.tie_keys`), with the samples read in blocks."""
    with hdf5.opened(data, X_TRAIN, Y_TRAIN) as (x, y):
        return np.concatenate([greedy.tie_keys(x[i : i + ROWS], y[i : i + ROWS], seed) for i in range(0, len(x), ROWS)])


def compute_topk(
    data: str,
    gradients: str,
    solve: Solve,
    settings: dict,
    digest: str,
    path: str,
    attributes: dict,
    exact: bool = True,
) -> None:
    """Write topk.h5: `helpful_train` (n, size) indices, `helpful_train_influence` (n, size), the same for `harmful` and
    for `test`. A training point is left out of its own list. `rows_train` (n,) and `rows_test` (m,) are the user's own
    rows, see `results.topk`.

    Every finished block of targets is a file in a hidden folder beside `path`; a repeated call after a kill goes on
    from there and ends with the same arrays.

    Args:
        data, gradients: data.h5 and gradients.h5. solve: the damped inverse Hessian.
        settings: `size` points at each end, `block` targets a step, `precision` float32 or float64 of the products,
            `tie_seed`.
        digest: changes with whatever the result depends on (see `resume.digest`); unfinished work of another digest
            is not used.
        exact: whether `solve` holds the Cholesky factor.

    Raises:
        MemoryError: when it would not fit, before anything is computed.
    """
    with hdf5.opened(gradients, *SETS["train"], FEATURES_TEST) as (features, residuals, tests):
        n, block = len(features), settings["block"]
        sizes = (n + len(tests), n, features.shape[1], residuals.shape[1], settings["size"], min(block, n))
        cost.require(
            "top-k influence",
            cost.top_k(*sizes, features.dtype.itemsize, exact),
            f"lower influence.topk.block{' or set influence.solver to cg' if exact else ''}",
            cost.speed(np.matmul, np.ones((1024, 1024), settings["precision"])),
        )
    features, residuals = hdf5.read(gradients, *SETS["train"])
    keys = tie_keys(data, settings["tie_seed"])
    shards = resume.shards(path, digest)
    arrays = {}
    for name, factors in SETS.items():
        files = []
        with hdf5.opened(gradients, *factors) as (target_features, target_residuals):
            t = len(target_features)
            for start in log.progress(range(0, t, settings["block"]), f"top {settings['size']}, {name} points"):
                files.append(shards / f"{name}-{start}.h5")
                if files[-1].exists():
                    continue
                part = slice(start, min(start + settings["block"], t))
                found = topk.of_targets(
                    target_features[part], target_residuals[part],
                    np.arange(part.start, part.stop) if name == "train" else None,
                    features, residuals, solve, settings["size"], keys, np.dtype(settings["precision"]),
                )  # fmt: skip
                hdf5.write(files[-1], found._asdict(), {})
        parts = [hdf5.read(file, *topk.Extremes._fields) for file in files]
        found = topk.Extremes(*map(np.concatenate, zip(*parts, strict=True)))
        arrays |= {
            f"{HELPFUL}_{name}": found.helpful,
            f"{HELPFUL}_{name}_influence": found.helpful_influence,
            f"{HARMFUL}_{name}": found.harmful,
            f"{HARMFUL}_{name}_influence": found.harmful_influence,
            f"{OWN_ROWS}_{name}": own_rows.of(data, name).rows,
        }
    hdf5.write(path, arrays, attributes | {"scale": "I, not divided by n"})
    resume.discard(path)


job.run(
    compute_topk,
    data="input.labels",
    solve=inverse_files.open_inverse,
    settings="params.topk",
    digest=resume.of_job,
    attributes=provenance.attributes,
    exact=inverse_files.is_exact,
)
