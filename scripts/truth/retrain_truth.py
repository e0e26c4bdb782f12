"""One shard of networks trained on parts of the training set, with their margins at the test points that judges ask."""

from attribution.runtime import job

job.begin()

import time

import numpy as np

from attribution.files import hdf5, provenance, resume
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.influence import TARGETS
from attribution.files.results.retraining import KEPT, KIND, RETRAINED, UNTOUCHED
from attribution.retraining import truth as truths
from attribution.retraining import whole_networks


def retrain_truth(
    data: str, recipe: dict, seed: int, truth: str, sets: str, numbers: list[int], settings: dict, digest: str,
    path: str, attributes: dict, found: str | None = None,
) -> None:  # fmt: skip
    """Write `kept` (M, n), `kind` (M,), `retrained` (r, M, t), `untouched` (r, t) of all points, `targets` (t,).

    Attribute `seconds`: of the trainings, those before a kill left out.

    Args:
        truth: one of `truths.KINDS`. sets, numbers: see `truths.sets`. settings: section `truth`, with the `groups` of
            section retraining. found: groups grown on the run, which leave beside them.
    """
    begun = time.perf_counter()
    x, y, x_test, y_test = hdf5.read(data, X_TRAIN, Y_TRAIN, X_TEST, Y_TEST)
    classes = len(hdf5.attributes(data)["class_names"])
    targets = truths.target_points(len(y_test), settings["targets"], settings["seed"])
    drawn = truths.sets(sets, numbers, x, y, settings, found)
    # the network of all points comes first
    kept = np.concatenate([np.ones((1, len(y)), dtype=bool), drawn.kept])
    folder = resume.shards(path, digest)
    margins = []
    for repetition, own in enumerate(whole_networks.seeds_of(truth, seed, settings["repetitions"])):
        work = folder / str(repetition)
        work.mkdir(exist_ok=True)
        label = f"{truth} truth, {sets}, training {repetition + 1}"
        asked = x_test[targets], y_test[targets]
        margins.append(whole_networks.retrained(recipe, x, y, *asked, classes, own, kept, label, work))
    margins = np.stack(margins)
    arrays = {KEPT: drawn.kept, KIND: drawn.kind.astype("S"), RETRAINED: margins[:, 1:], UNTOUCHED: margins[:, 0]}
    hdf5.write(path, arrays | {TARGETS: targets}, attributes | {"seconds": time.perf_counter() - begun})
    resume.discard(path)


job.run(retrain_truth, digest=resume.of_job, attributes=provenance.attributes)
