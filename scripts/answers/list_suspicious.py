"""suspicious.csv: every training point, those first whose labels should be looked at."""

from attribution.runtime import job

job.begin()

from attribution.answers import suspicion
from attribution.data import own_rows
from attribution.files import atomic, hdf5
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import LOGITS_TRAIN
from attribution.groups import greedy
from attribution.methods import scores


def list_suspicious(
    data: str, gradients: str, folds: str | None, files: dict, tie_seed: int, path: str
) -> None:  # fmt: skip
    """Write suspicious.csv; labels stay as they are.

    Args:
        data, gradients: data.h5 and gradients.h5. folds: folds.h5, whose networks then suggest the
            classes. files: method -> scores/METHOD.h5, in the order of the columns.
        tie_seed: of the order between equal scores.
    """
    x, labels = hdf5.read(data, X_TRAIN, Y_TRAIN)
    (logits,) = hdf5.read(folds or gradients, LOGITS_TRAIN)
    found = {method: scores.points(file, "suspicious.csv")[:2] for method, file in files.items()}
    table = suspicion.table(
        own_rows.of(data, "train"), labels, suspicion.suggested(logits, labels),
        list(hdf5.attributes(data)["class_names"]), found, greedy.tie_keys(x, labels, tie_seed),
    )  # fmt: skip
    with atomic.replacing(path) as temporary:
        table.to_csv(temporary, index=False)


job.run(list_suspicious, files=lambda methods, scores: dict(zip(methods, scores, strict=True)))
