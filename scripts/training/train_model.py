"""Train one network of a recipe: model.keras and history.csv, the same bytes in the arrays for the same seed."""

from attribution.runtime import job

job.begin()


import os
import shutil
from collections.abc import Iterable
from pathlib import Path

# Read when TensorFlow first runs an operation; without it GPU sums may add up in another order each time.
os.environ.setdefault("TF_DETERMINISTIC_OPS", "1")

import keras

from attribution.costs import networks as network_cost
from attribution.costs import stages as cost
from attribution.files import hdf5, resume
from attribution.files.results.data import X_TEST, X_TRAIN, X_VALIDATION, Y_TEST, Y_TRAIN, Y_VALIDATION
from attribution.networks import build as models
from attribution.networks import precision, same_function
from attribution.training import class_weights
from attribution.training import train as training


def train_model(
    data: str, recipe: dict, seed: int, code: Iterable[str], model: str, history: str, ends: float | None = None
) -> None:
    """Train and write the model and its history; a repeated call after a kill goes on from the last finished epoch.

    A trained model of the user's (architecture keras-file) is checked and evaluated instead: one row, epoch 0.

    Args:
        data: path of data.h5.
        recipe: `architecture` with its own keys, `training` (see `training.train`), perhaps `class_weights`, and
            `below_chance` (see `chance.judge`); a training of 0 epochs leaves the network as it is drawn.
        seed: of the weights, the dropout masks and the batch order.
        code: source files that training depends on, the user's own among them; when one changes, an unfinished
            training starts anew.
        model: path to write, ending in .keras.
        history: path to write, a csv.
        ends: when the job must have ended, see `deadline.of_job`.

    Raises:
        deadline.OutOfTime: when the job's time does not suffice; the finished epochs are kept.
        ValueError: when the network does not fit the data.
        MemoryError: when training would not fit in memory.
        RuntimeError: when training diverges, or ends at chance level and `below_chance` is not warn; neither file is
            then written.
    """
    x_train, y_train, x_test, y_test = hdf5.read(data, X_TRAIN, Y_TRAIN, X_TEST, Y_TEST)
    with hdf5.file(data) as file:
        held_out = (file[X_VALIDATION][()], file[Y_VALIDATION][()]) if X_VALIDATION in file else None
    attributes = hdf5.attributes(data)
    network = models.build(recipe, x_train.shape[1:], len(attributes["class_names"]), seed, x_train)

    folder = Path(model).parent
    label = f"{folder.parent.name} seed {seed}"
    # a training that was refused, and is now to be used as it is, is not trained anew
    below_chance = recipe.get("below_chance", "refuse")
    trained = {key: value for key, value in recipe.items() if key != "below_chance"}
    settings = {"recipe": trained, "seed": seed, "data": attributes["sha256"], "keras": keras.__version__}
    checkpoint = folder / f".training-{resume.digest(settings, code)}"
    if recipe["architecture"] == "keras-file":
        rows = training.evaluated(network, x_train, y_train, x_test, y_test, label, below_chance, held_out)
    else:
        read = sum(part.nbytes for part in (x_train, x_test, *(held_out or ())[:1]))
        cost.require(
            f"training {label}",
            network_cost.training(network, len(x_train), read, recipe["training"], training.EVALUATION_BATCH),
            f"lower models.{folder.parent.name}.training.batch_size",
            network_cost.speed(),
        )
        rows = training.train(
            network,
            x_train,
            y_train,
            x_test,
            y_test,
            recipe["training"],
            seed,
            checkpoint,
            label,
            ends,
            below_chance,
            held_out,
            class_weights.of_labels(y_train, recipe.get("class_weights")),
        )

    # Complete inside the checkpoint's folder, then renamed: on one file system a rename is atomic.
    checkpoint.mkdir(parents=True, exist_ok=True)
    single = precision.in_float32(network, x_train)
    single.save(checkpoint / "model.keras")
    with precision.own_classes_hidden():
        same_function.require(single, keras.models.load_model(checkpoint / "model.keras", compile=False), x_train)
    rows.to_csv(checkpoint / "history.csv", index=False)
    os.replace(checkpoint / "history.csv", history)
    os.replace(checkpoint / "model.keras", model)
    for unfinished in folder.glob(".training-*"):
        shutil.rmtree(unfinished)


job.run(train_model, model="output.model")
