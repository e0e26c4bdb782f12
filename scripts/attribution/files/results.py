"""Results of a run, and where each stands: once in the run's own folder, or once for each scope of parameters."""

import fnmatch

# results of the network itself, or of the last layer alone
OF_THE_RUN = (
    "model.keras",
    "history.csv",
    "decision_boundary.h5",
    "retraining/*.h5",
    "removals.h5",
    "removals.csv",
    "datamodels/*",
    "datamodels-*.csv",
    "overlap.h5",
    "overlap.csv",
    "boundary_overlap.csv",
    "boundary_move.h5",
    "retrieval.h5",
    "retrieval.csv",
)
# in the run's folder for the last layer, in that of the scope for all layers
OF_A_SCOPE = (
    "gradients.h5",
    "hessian.h5",
    "influence.h5",
    "topk.h5",
    "groups.h5",
    "groups-*.h5",
    "growth.h5",
    "boundary.h5",
    "group_boundary.csv",
    "boundary-groups-*.h5",
    "inspection.h5",
    "inspection.csv",
)
# the table of toy data is of a scope's groups; that of other data gathers tables of the run
OF_TOY = "evaluation.csv"


def has_scope(name: str, loader: str) -> bool:
    """Whether a result is made once for each scope.

    Args:
        name: path below the run's folder. loader: of the run's data set.

    Raises:
        ValueError: for a name that is no result's.
    """
    if name == OF_TOY:
        return loader == "toy"
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in OF_A_SCOPE):
        return True
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in OF_THE_RUN):
        return False
    raise ValueError(f"{name} is no result of a run; its scope is described in attribution/files/results.py")
