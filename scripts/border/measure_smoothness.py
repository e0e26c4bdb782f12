"""judges/smoothness.csv: how evenly a training answers when points leave, by a few trainings, before any is judged."""

from attribution.runtime import job

job.begin()

import numpy as np
import pandas as pd

from attribution.files import atomic, hdf5
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.numerics.residuals import margin_gradients, margins, predictions
from attribution.retraining import border, smoothness, whole_networks
from attribution.retraining import truth as truths
from attribution.settings import recipes
from attribution.training import metagradient, replay

COLUMNS = [
    "dataset", "model", "points", "epochs", "steps", "train_accuracy", "test_accuracy", "growth", "alpha",
    "metasmoothness", "side",
]  # fmt: skip


def measure_smoothness(
    wildcards: dict, data: str, recipe: dict, seed: int, alphas: list[float], settings: dict, path: str
) -> None:
    """Write a row a share of the subsets: `growth` is of the cotangents of some targets, see `metagradient`.

    Args:
        settings: section `truth`: `seed`, and `smoothness` with `draws`, and `targets` for the growth.
    """
    x, y, x_test, y_test = hdf5.read(data, X_TRAIN, Y_TRAIN, X_TEST, Y_TEST)
    classes = len(hdf5.attributes(data)["class_names"])
    training = replay.of_recipe(recipe, x, y, classes, seed)
    kept = metagradient.states_kept(training)
    end = kept[-1]
    accuracy = [
        float((predictions(training.outputs(end, points)) == labels).mean())
        for points, labels in ((x, y), (x_test, y_test))
    ]
    chosen = settings["smoothness"]
    targets = truths.target_points(len(y_test), chosen["targets"], settings["seed"])
    _, growth = metagradient.metagradient(
        training, x_test[targets], lambda logits: margin_gradients(logits, y_test[targets]), "growth of cotangents",
        kept=kept,
    )  # fmt: skip
    leaving = [smoothness.leaving(len(y), alpha, chosen["draws"], settings["seed"]) for alpha in alphas]
    weights = [part for steps in leaving for part in steps]
    # of one program all: networks that are trained at once differ in rounding from one that is trained alone
    at_once = int(not recipes.one_by_one(recipe))
    retrained = whole_networks.retrained(
        recipe, x, y, x_test, y_test, classes, seed, np.concatenate([np.ones((at_once, len(y))), *weights]),
        "metasmoothness",
    )  # fmt: skip
    whole = retrained[0] if at_once else margins(training.outputs(end, x_test), y_test)
    steps = np.split(retrained[at_once:], 2 * len(alphas))
    start = [wildcards["dataset"], wildcards["model"], len(y), recipe["training"]["epochs"], training.count, *accuracy]
    grown, rows = float(np.median(growth)), []
    for alpha, halfway, left in zip(alphas, steps[::2], steps[1::2], strict=True):
        found = smoothness.metasmoothness(whole, halfway, left)
        even = float(found.mean())
        side = str(border.sides(grown, even))
        rows.append([*start, grown, alpha, even, side])
        print(f"alpha {alpha:g}: metasmoothness {even:.3f}, of draws {np.round(found, 3)}; {side}", flush=True)
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(temporary, index=False)


job.run(measure_smoothness)
