"""folds.h5: what networks trained without each fold of the training set say of its points."""

from attribution.runtime import job

job.begin()

import time

from attribution.files import hdf5, provenance, resume
from attribution.files.results.answers import FOLD
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import LOGITS_TRAIN
from attribution.retraining import folds


def predict_folds(
    data: str, recipe: dict, seed: int, number: int, digest: str, path: str, attributes: dict
) -> None:  # fmt: skip
    """Write `logits_train` (n, C) and `fold` (n,), with the attribute `seconds` of the trainings.

    Args:
        number: of folds, drawn by the run's seed.
    """
    begun = time.perf_counter()
    x, y = hdf5.read(data, X_TRAIN, Y_TRAIN)
    fold = folds.divide(y, number, seed)
    classes = len(hdf5.attributes(data)["class_names"])
    found = folds.logits(recipe, x, y, classes, seed, fold, resume.shards(path, digest))
    hdf5.write(path, {LOGITS_TRAIN: found, FOLD: fold}, attributes | {"seconds": time.perf_counter() - begun})
    resume.discard(path)


job.run(predict_folds, digest=resume.of_job, attributes=provenance.attributes)
