"""retraining/named.h5: whole networks trained without the points that a study names, beside random sets of as many."""

from attribution.runtime import job

job.begin()

import time

from attribution.data import own_rows
from attribution.files import hdf5, provenance, resume
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.retraining import KEPT, KIND, LOSSES
from attribution.retraining import named, parts, whole_networks


def retrain_without_named(
    data: str, points: str | None, recipe: dict, removed: list, draws: int, draw_seed: int, seed: int, digest: str,
    path: str, attributes: dict,
) -> None:  # fmt: skip
    """Write `kept` (M, n), `kind` (M,) and `losses` (M, m) of the test points; the first network is of all points.

    Args:
        points: CSV of the points that leave, or None. removed: rows and ids. draws: random sets of each kind.
        draw_seed: of them. seed: of the run, whose initial weights and order of batches all have.
    """
    begun = time.perf_counter()
    x, y, x_test, y_test = hdf5.read(data, X_TRAIN, Y_TRAIN, X_TEST, Y_TEST)
    left = named.members(own_rows.of(data, "train"), removed, points)
    kind, kept = named.sets(y, left, draws, draw_seed)
    classes = len(hdf5.attributes(data)["class_names"])
    label, work = "points that leave, whole networks", resume.shards(path, digest)
    margins = whole_networks.retrained(recipe, x, y, x_test, y_test, classes, seed, kept, label, work)
    arrays = {KEPT: kept, KIND: [name.encode() for name in kind], LOSSES: parts.losses(margins)}
    hdf5.write(path, arrays, attributes | {"seconds": time.perf_counter() - begun})
    resume.discard(path)


job.run(retrain_without_named, digest=resume.of_job, attributes=provenance.attributes)
