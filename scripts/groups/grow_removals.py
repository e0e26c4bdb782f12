"""truth/found-groups.h5: groups that Algorithm 1 finds, to leave beside random ones and classes."""

from attribution.runtime import job

job.begin()

import numpy as np

from attribution.files import hdf5, provenance
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, RESIDUALS_TRAIN
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM
from attribution.files.results.retraining import KEPT, KIND
from attribution.groups import greedy
from attribution.influence import inverse_files
from attribution.influence.points import Solve
from attribution.retraining import subsets

FOUND = "found by {rule}"


def grow_removals(
    files: dict, solve: Solve, rules: list[str], drawn: dict, tie_seed: int, path: str, attributes: dict
) -> None:
    """Write `kept` (g, n) bool and `kind` (g,): one group a rule, share and draw, grown from the draw's own point.

    Args:
        files: paths of `data`, `gradients`, `influence`. solve: the damped inverse Hessian of the last layer.
        rules: of `greedy.RULES`. drawn: `shares`, `draws` and `seed` of `subsets.groups`, whose sizes these have.
    """
    x, y = hdf5.read(files["data"], X_TRAIN, Y_TRAIN)
    features, residuals = hdf5.read(files["gradients"], FEATURES_TRAIN, RESIDUALS_TRAIN)
    own, step_norm = hdf5.read(files["influence"], SELF_INFLUENCE, STEP_NORM)
    n, keys, kept, kinds = len(y), greedy.tie_keys(x, y, tie_seed), [], []
    centres = subsets.centres(n, drawn["shares"], drawn["draws"], drawn["seed"])
    for rule in rules:
        for share, starts in zip(drawn["shares"], centres, strict=True):
            seeds, size = [[int(start)] for start in starts], max(1, round(share * n))
            for group in greedy.grow(features, residuals, solve, own, step_norm, seeds, size, rule, "max", keys):
                kept.append(~np.isin(np.arange(n), group.members))
                kinds.append(FOUND.format(rule=rule))
    hdf5.write(path, {KEPT: np.array(kept), KIND: np.array(kinds, dtype="S")}, attributes)


job.run(grow_removals, drawn="params.groups", solve=inverse_files.open_inverse, attributes=provenance.attributes)
