"""The Hessian and its Cholesky factor, or for conjugate gradients the damping alone."""

from attribution.runtime import job

job.begin()

import numpy as np

from attribution.costs import stages as cost
from attribution.files import hdf5, provenance
from attribution.files.results.gradients import DECAY, FEATURES_TRAIN, LOGITS_TRAIN
from attribution.influence import inverse
from attribution.numerics import hessian
from attribution.training import class_weights


def cache_hessian(
    files: dict, scope: str, solver: str, batch_size: int, damping: dict, path: str, attributes: dict
) -> None:
    """Write hessian.h5.

    Args:
        files: paths of `gradients`, and in scope all_layers `data` and `model`.
        solver: `exact` forms and factors the Hessian, `cg` only finds the damping.
        damping: `mode`, `value`, see `hessian.damping_value`.
    """
    facts = {"scope": scope, "batch_size": batch_size}
    if scope == "all_layers":
        from attribution.influence import all_layers_files as network_files

        arrays, found = network_files.hessian_arrays(files, solver, batch_size, damping)
    else:
        logits, decay = hdf5.read(files["gradients"], LOGITS_TRAIN, DECAY)
        weights = class_weights.stored(files["gradients"])
        with hdf5.opened(files["gradients"], FEATURES_TRAIN) as (features,):
            if solver == "exact":
                cost.require(
                    "Hessian",
                    cost.hessian(*features.shape, logits.shape[1]),
                    "set influence.solver to cg",
                    cost.speed(np.matmul, np.ones((1024, 1024))),
                )
                matrix = hessian.hessian_sum(features, logits, label=f"Hessian, k = {len(decay)}", weights=weights)
                matrix /= len(features)
                matrix[np.diag_indices(len(decay))] += decay
                arrays, found = inverse.cache_of_factor(matrix, damping, float(np.trace(matrix)))
            else:
                trace = hessian.trace_closed_form(features, logits, weights=weights) + float(decay.sum())
                # a last layer's Hessian has no negative eigenvalue
                added = hessian.damping_value(damping["mode"], damping["value"], trace, len(decay), 0.0)
                hessian.refuse_zero(trace / len(decay) + added)
                arrays, found = {}, {"solver": "cg", "damping": added, "k": len(decay), "trace": trace}
    hdf5.write(path, arrays, attributes | facts | found)


job.run(cache_hessian, scope="params.scope", attributes=provenance.attributes)
