"""brittleness/METHOD.h5: margins of targets once the points that a method credits most with them have left."""

from attribution.runtime import job

job.begin()

import time

import numpy as np

from attribution.evaluation import brittleness
from attribution.files import hdf5, provenance, resume
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.influence import TARGETS
from attribution.files.results.retraining import COUNTS, RETRAINED, UNTOUCHED
from attribution.methods.scores import PAIRS
from attribution.retraining import whole_networks


def retrain_without_top(
    data: str, attributions: str, recipe: dict, seed: int, method: str, settings: dict, digest: str, path: str,
    attributes: dict,
) -> None:  # fmt: skip
    """Write `targets` (t,), `counts` (k,) points that leave, `retrained` (t, k) and `untouched` (t,) margins of the
    targets, with initial weights, batches and dropout of the run itself.

    Attribute `seconds`: of the trainings, those before a kill left out.

    Args:
        settings: `targets`, the first so many of those that the method was asked about, and `shares` that leave.
    """
    begun = time.perf_counter()
    x, y, x_test, y_test = hdf5.read(data, X_TRAIN, Y_TRAIN, X_TEST, Y_TEST)
    classes = len(hdf5.attributes(data)["class_names"])
    targets, pairs = (array[: settings["targets"]] for array in hdf5.read(attributions, TARGETS, PAIRS))
    counts = brittleness.counts(settings["shares"], len(y))
    kept = brittleness.without_top(pairs, counts).reshape(-1, len(y))
    # the network of all points comes first
    kept = np.concatenate([np.ones((1, len(y)), dtype=bool), kept])
    margins = whole_networks.retrained(
        recipe, x, y, x_test[targets], y_test[targets], classes, seed, kept, f"without the top of {method}",
        resume.shards(path, digest),
    )  # fmt: skip
    own = np.arange(len(targets))
    after = margins[1:].reshape(len(targets), len(counts), len(targets))[own, :, own]
    arrays = {TARGETS: targets, COUNTS: np.array(counts), RETRAINED: after, UNTOUCHED: margins[0]}
    hdf5.write(path, arrays, attributes | {"method": method, "seconds": time.perf_counter() - begun})
    resume.discard(path)


job.run(retrain_without_top, method="wildcards.method", digest=resume.of_job, attributes=provenance.attributes)
