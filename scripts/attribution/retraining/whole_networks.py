"""Whole networks trained again without some points, at once or one by one: the truths of `truth`."""

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from attribution.files import hdf5
from attribution.numerics.residuals import margins
from attribution.runtime import log
from attribution.settings import recipes
from attribution.training import ensemble, replay


def retrained(
    recipe: dict, x: np.ndarray, y: np.ndarray, targets: np.ndarray, labels: np.ndarray, classes: int, seed: int,
    kept: np.ndarray, label: str, work: Path | None = None,
) -> np.ndarray:  # fmt: skip
    """Margins of targets after training on each subset, everything else as in the run of that seed.

    All are trained at once, see `ensemble`, or one by one, see `recipes.one_by_one`, each finished one kept in `work`,
    so that a call after a kill goes on.

    Args:
        recipe, classes, seed: of the run. x, y: (n, ...), (n,). targets, labels: (t, ...), (t,).
        kept: (M, n) bool, or float64 weights of the points, see `replay`. label: names the work in messages.

    Returns:
        (M, t) float64.
    """
    if not recipes.one_by_one(recipe):
        ids = np.zeros(len(kept), dtype=np.int64)
        weights = ensemble.train(recipe, x.shape[1:], classes, x, y, kept, ids, seed, label, of_run=True)
        return np.stack([margins(s, labels) for s in ensemble.logits(weights, targets)])
    training = replay.of_recipe(recipe, x, y, classes, seed)
    found = np.empty((len(kept), len(labels)))
    for row, mask in enumerate(log.progress(kept, label)):
        path = None if work is None else work / f"{row}.h5"
        if path is not None and path.exists():
            (found[row],) = hdf5.read(path, "margins")
            continue
        end = replay.run(training, mask)
        found[row] = margins(training.outputs(end, targets), labels)
        if not np.isfinite(found[row]).all():
            raise RuntimeError(f"{label}: network {row} diverged; lower models.NAME.training.learning_rate")
        if path is not None:
            hdf5.write(path, {"margins": found[row]}, {})
    return found


def networks(
    recipe: dict, x: np.ndarray, y: np.ndarray, classes: int, seed: int, kept: np.ndarray, label: str
) -> Iterator[keras.Model]:
    """The network after training on each subset: one model, whose variables change from one to the next.

    Arguments as in `retrained`.

    Raises:
        RuntimeError: when a training diverged.
    """
    if not len(kept):
        return
    model = replay.network(recipe, x, classes, seed)
    if not recipes.one_by_one(recipe):
        ids = np.zeros(len(kept), dtype=np.int64)
        weights = ensemble.train(recipe, x.shape[1:], classes, x, y, kept, ids, seed, label, of_run=True)
        for own in log.progress(zip(*weights, strict=True), f"{label}, scores", len(kept)):
            model.set_weights(own)
            yield model
        return
    training = replay.of_recipe(recipe, x, y, classes, seed)
    for row, mask in enumerate(log.progress(kept, label)):
        end = replay.run(training, mask)
        replay.assign(model, end)
        if not np.isfinite(training.outputs(end, x[:1])).all():
            raise RuntimeError(f"{label}: network {row} diverged; lower models.NAME.training.learning_rate")
        yield model


# a training beyond every repetition of the averaged truth
CHOICE = 2**31


def seed_of_choice(seed: int) -> int:
    """Seed of the training that chooses among partitions, which no truth is of: what chooses must not judge."""
    return ensemble.repetition(seed, CHOICE)


def seeds_of(kind: str, seed: int, repetitions: int) -> list[int]:
    """Seeds of the trainings whose margins are averaged: the run's own for `fixed`, others for `averaged`."""
    return [seed] if kind == "fixed" else [ensemble.repetition(seed, 1 + k) for k in range(repetitions)]
