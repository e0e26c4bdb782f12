"""explanations.csv: the training points that say most about each explained test point, by every method."""

from attribution.runtime import job

job.begin()

from attribution.answers import explanations
from attribution.data import own_rows
from attribution.files import atomic, hdf5
from attribution.files.results.answers import SIGNED
from attribution.files.results.data import X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.gradients import LOGITS_TEST
from attribution.files.results.influence import TARGETS
from attribution.groups import greedy
from attribution.methods.scores import PAIRS


def list_explanations(data: str, gradients: str, files: dict, points: int, tie_seed: int, path: str) -> None:
    """Write explanations.csv.

    Args:
        data, gradients: data.h5 and gradients.h5. files: method -> explanations/METHOD.h5, in the order of the rows,
            all of the same targets. points: training points at each end. tie_seed: of the order between equal pairs.
    """
    x, labels, labels_test = hdf5.read(data, X_TRAIN, Y_TRAIN, Y_TEST)
    (logits,) = hdf5.read(gradients, LOGITS_TEST)
    pairs = {method: (hdf5.read(file, PAIRS)[0], bool(hdf5.attributes(file)[SIGNED])) for method, file in files.items()}
    (targets,) = hdf5.read(next(iter(files.values())), TARGETS)
    table = explanations.table(
        targets, logits, labels_test, own_rows.of(data, "test"), labels, own_rows.of(data, "train"),
        list(hdf5.attributes(data)["class_names"]), pairs, points, greedy.tie_keys(x, labels, tie_seed),
    )  # fmt: skip
    with atomic.replacing(path) as temporary:
        table.to_csv(temporary, index=False)


job.run(list_explanations, files=lambda methods, explanations: dict(zip(methods, explanations, strict=True)))
