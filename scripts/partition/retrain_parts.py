"""partition-removals-TRUTH.h5: each part of each partition leaves the training set, and whole networks train again."""

from attribution.runtime import job

job.begin()

import time

from attribution.files import hdf5, provenance, resume
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.retraining import parts, whole_networks


def retrain_parts(
    data: str, partition: str, recipe: dict, repetitions: int, seed: int, truth: str, digest: str, path: str,
    attributes: dict,
) -> None:  # fmt: skip
    """Write how losses on every part change without each, see `results.partition`.

    Args:
        truth: one of `truth.KINDS`. repetitions: independent trainings of the averaged one.

    A part that several partitions have leaves once.
    """
    begun = time.perf_counter()
    x, y = hdf5.read(data, X_TRAIN, Y_TRAIN)
    classes = len(hdf5.attributes(data)["class_names"])
    partitions, facts = parts.read(partition)
    kept, places = parts.masks(list(partitions.values()))
    folder, losses = resume.shards(path, digest), []
    for repetition, own in enumerate(whole_networks.seeds_of(truth, seed, repetitions)):
        work = folder / str(repetition)
        work.mkdir(exist_ok=True)
        label = f"parts that leave, {truth} truth, training {repetition + 1}"
        losses.append(parts.losses(whole_networks.retrained(recipe, x, y, x, y, classes, own, kept, label, work)))
    arrays = parts.arrays(partitions, places, losses)
    hdf5.write(path, arrays, attributes | facts | {"networks": len(kept), "seconds": time.perf_counter() - begun})
    resume.discard(path)


job.run(retrain_parts, digest=resume.of_job, attributes=provenance.attributes)
