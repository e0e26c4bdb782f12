"""What networks say of points that they were not trained on: the training set in folds, a network without each."""

import shutil
from pathlib import Path

import numpy as np

from attribution.files import hdf5
from attribution.networks import build as models
from attribution.networks import precision, standard
from attribution.runtime import log
from attribution.settings import recipes
from attribution.training import class_weights, ensemble, replay
from attribution.training import train as training

SEEN = 1000  # points of the fold by which a training in epochs shows how it goes


def divide(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(n,) int64 fold of each point, each class in about equal shares.

    Raises:
        ValueError: when no class has as many points as there are folds.
    """
    from sklearn.model_selection import StratifiedKFold

    if np.bincount(labels).max() < count:
        raise ValueError(f"answers.folds is {count}, but no class has so many training points; take fewer folds")
    found, splits = np.empty(len(labels), dtype=np.int64), StratifiedKFold(count, shuffle=True, random_state=seed)
    for fold, (_, held) in enumerate(splits.split(np.zeros(len(labels)), labels)):
        found[held] = fold
    return found


def logits(
    recipe: dict, x: np.ndarray, y: np.ndarray, classes: int, seed: int, fold: np.ndarray, work: Path
) -> np.ndarray:
    """(n, C) float64 logits of each point by the network trained without its fold, else as the run of that seed.

    Batches are those of the run without the fold's points. Only where layers have states, as moving averages and
    generators of masks do, through which such a batch would go whole, they are drawn from the points that are left.

    Args:
        recipe, classes, seed: of the run. x, y: (n, ...), (n,). fold: (n,), see `divide`.
        work: folder where finished networks' logits are kept, and epochs of the one in work, so that a call after a
            kill goes on.

    Raises:
        ValueError: when the recipe does not say how it was trained. RuntimeError: when a training diverged.
    """
    numbers = np.unique(fold)
    if not recipes.one_by_one(recipe):
        kept, ids = fold != numbers[:, None], np.zeros(len(numbers), dtype=np.int64)
        weights = ensemble.train(recipe, x.shape[1:], classes, x, y, kept, ids, seed, "folds", of_run=True)
        every = ensemble.logits(weights, x).astype(np.float64)
        return every[np.searchsorted(numbers, fold), np.arange(len(y))]
    network, whole, found = replay.network(recipe, x, classes, seed), None, None
    if not standard.moving(network):
        whole = replay.of_model(network, recipe["training"], x, y, seed, weighting=recipe.get("class_weights"))
    for number in log.progress(numbers, "folds"):
        path, held = work / f"{number}.h5", fold == number
        if path.exists():
            (part,) = hdf5.read(path, "logits")
        else:
            if whole is None:
                part = _in_epochs(recipe, x, y, classes, seed, held, work / f"epochs-{number}")
            else:
                part = whole.outputs(replay.run(whole, (~held).astype(np.float64)), x[held])
            hdf5.write(path, {"logits": part}, {})
        found = np.empty((len(y), part.shape[1])) if found is None else found
        found[held] = part
    if not np.isfinite(found).all():
        raise RuntimeError("the training without a fold diverged; lower models.NAME.training.learning_rate")
    return found


def _in_epochs(
    recipe: dict, x: np.ndarray, y: np.ndarray, classes: int, seed: int, held: np.ndarray, checkpoint: Path
) -> np.ndarray:
    """(h, C) float64 logits of the points held out, by a network trained on the others as any run is, see `train`."""
    model = models.build(recipe, x.shape[1:], classes, seed, x)
    name, shown = f"without fold {checkpoint.name.removeprefix('epochs-')}", np.flatnonzero(held)[:SEEN]
    points = (x[~held], y[~held], x[shown], y[shown])
    # of the whole training set: points that leave change no other's weight
    own = class_weights.of_members(class_weights.of_labels(y, recipe.get("class_weights")), ~held)
    training.train(model, *points, recipe["training"], seed, checkpoint, name, below_chance="warn", point_weights=own)
    found = training.outputs(precision.in_float32(model), x[held]).astype(np.float64)
    shutil.rmtree(checkpoint)
    return found
