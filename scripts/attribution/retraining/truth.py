"""What really happens to test points' margins when points leave the training set: whole networks, trained again.

Two truths. `fixed`: initial weights, batches and dropout masks are those of the run itself, so that the network of all
points is the run's own and a difference is due to what left. `averaged`: the mean over independent trainings of each
subset, so that it is what the recipe does, not one training of it.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from attribution.files import hdf5
from attribution.numerics.residuals import margins
from attribution.retraining import subsets
from attribution.runtime import log
from attribution.settings import recipes
from attribution.training import ensemble, replay

KINDS = ("fixed", "averaged")
# streams of subsets, beside those of `subsets`
JUDGED, FITTED = 4, 5


class Sets(NamedTuple):
    """`kept` (M, n) bool, True where a point stays; `kind` (M,) text, how the points that leave were drawn."""

    kept: np.ndarray
    kind: np.ndarray


def target_points(m: int, count: int, seed: int) -> np.ndarray:
    """(t,) ascending test indices: `count` drawn at random, all where there are no more."""
    return np.sort(np.random.default_rng((seed, m)).choice(m, min(count, m), replace=False))


def sets(name: str, numbers: list[int], x: np.ndarray, y: np.ndarray, settings: dict) -> Sets:
    """What is kept in the networks of a shard.

    Args:
        name: `alphaA`, random subsets of share A that judge; `fit-alphaA`, others that datamodels are fitted on;
            `leave-one-out`; `groups`, random and coherent ones, see `subsets.groups`.
        numbers: first subset and how many, of random subsets. x, y: training points.
        settings: `seed` of the draws, `leave_one_out` the most points that leave alone, and `groups`.
    """
    n = len(y)
    if name == "leave-one-out":
        alone = np.random.default_rng((settings["seed"], n)).permutation(n)[: settings["leave_one_out"]]
        kept = np.ones((len(alone), n), dtype=bool)
        kept[np.arange(len(alone)), np.sort(alone)] = False
        return Sets(kept, np.full(len(kept), name))
    if name == "groups":
        drawn = subsets.groups(x, y, **settings["groups"])
        return Sets(drawn.masks, drawn.kind)
    stream = FITTED if name.startswith("fit-") else JUDGED
    alpha = float(name.removeprefix("fit-").removeprefix("alpha"))
    kept = subsets.random_subsets(n, alpha, *numbers, settings["seed"], stream)
    return Sets(kept, np.full(len(kept), "random"))


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


def seeds_of(kind: str, seed: int, repetitions: int) -> list[int]:
    """Seeds of the trainings whose margins are averaged: the run's own for `fixed`, others for `averaged`."""
    return [seed] if kind == "fixed" else [ensemble.repetition(seed, 1 + k) for k in range(repetitions)]
