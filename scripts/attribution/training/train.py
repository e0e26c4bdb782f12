"""Train a network; killed and resumed it ends with the same bytes. Backend-neutral Keras 3."""

import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from attribution.files import hdf5
from attribution.networks import precision
from attribution.numerics.residuals import cross_entropy, predictions
from attribution.runtime import deadline, log
from attribution.training import chance, class_weights, inputs
from attribution.training.schedule import epsilon, learning_rate, steps_an_epoch, warmed_up

HISTORY = ["epoch", "loss", "accuracy", "test_loss", "test_accuracy"]
HELD_OUT = ["validation_loss", "validation_accuracy"]  # columns more where points are held out
Points = tuple[np.ndarray, np.ndarray]
STATE = "state.h5"
EVALUATION_BATCH = 1024  # samples a forward pass of the evaluation
EVALUATION_POINTS = 10_000  # training points evaluated after an epoch, drawn with the seed; all after the last one
FIRST_LOOK = 20  # batches of the first epoch, whose time holds the compilation, before the clock is judged by batches


def epoch_order(seed: int, epoch: int, n: int) -> np.ndarray:
    """Order in which one epoch visits the training points; batches are consecutive slices, the last may be short.

    It depends on these three numbers only: training one model or many at once with them sees the same batches.

    Args:
        seed: of the training. epoch: counted from 0. n: number of training points.

    Returns:
        (n,) int64 permutation.
    """
    return np.random.default_rng((seed, epoch)).permutation(n)


def optimizer(training: dict) -> keras.Optimizer:
    """The optimiser of a recipe, at its first learning rate; `momentum` is for sgd.

    Raises:
        ValueError: for any name but adam and sgd.
    """
    rate = learning_rate(training, 0)
    if training["optimizer"] == "adam":
        return keras.optimizers.Adam(rate, epsilon=epsilon(training))
    if training["optimizer"] == "sgd":
        return keras.optimizers.SGD(rate, momentum=training["momentum"])
    raise ValueError(f"models.NAME.training.optimizer is '{training['optimizer']}'; it must be adam or sgd")


def loss(outputs: int) -> keras.Loss:
    """Mean cross-entropy from logits: of a sigmoid for one output, of a softmax for more."""
    if outputs == 1:
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def evaluate(model: keras.Model, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Mean cross-entropy (nats, without penalties) and accuracy in inference mode, summed up in float64.

    Args:
        x: (n, ...) samples. y: (n,) labels.
    """
    logits = outputs(model, x)
    with np.errstate(invalid="ignore"):  # a diverged network's NaN is reported by `train`
        losses = cross_entropy(logits, y)
    return float(losses.mean()), float((predictions(logits) == y).mean())


def evaluate_all(model: keras.Model, *parts: Points | None) -> list[float]:
    """Loss and accuracy of each part that there is, one after another, see `evaluate`."""
    return [value for part in parts if part is not None for value in evaluate(model, *part)]


def columns_of(held_out: Points | None) -> list[str]:
    """Columns of a history."""
    return HISTORY + ([] if held_out is None else HELD_OUT)


def outputs(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """(n, C) logits in inference mode."""
    return np.concatenate(
        [model.predict_on_batch(x[i : i + EVALUATION_BATCH]) for i in range(0, len(x), EVALUATION_BATCH)]
    )


def train(
    model: keras.Model,
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_test: np.ndarray,
    y_test: np.ndarray,
    training: dict,
    seed: int,
    checkpoint: Path,
    label: str,
    ends: float | None = None,
    below_chance: str = "refuse",
    held_out: Points | None = None,
    point_weights: np.ndarray | None = None,
) -> pd.DataFrame:
    """Train in place, going on from the last finished epoch where the checkpoint folder holds one.

    After every epoch the whole state is saved: weights, the optimiser's slots, the states of the dropout generators,
    the history. What an uninterrupted run would compute, a killed and resumed one computes to the last bit, on the same
    machine. The loss is the mean cross-entropy of a batch, each point times its weight, plus the layers' own penalties.

    Args:
        model: fresh from `models.build` with the same seed; compiled here.
        x_train: (n, ...). y_train: (n,) integers. x_test, y_test: the same for the test set, which is only evaluated.
        training: `optimizer` (adam or sgd), `learning_rate`, `momentum` (sgd's), `epochs`, `batch_size`, `schedule`
            (see `learning_rate`), perhaps `warmup` (see `warmed_up`).
        seed: of the batch order.
        checkpoint: folder of the saved state, of this training alone; made here, left to the caller to remove.
        label: names the training in messages.
        ends: when to have ended, see `deadline.of_job`. No epoch is begun that would take longer, judged by the last
            one, and the first is given up as soon as its batches show that it would; None for no limit.
        below_chance: `refuse` or `warn`, see `chance.judge`.
        held_out: x, y of points for validation, which are only evaluated.
        point_weights: (n,) of the training points in the loss, see `class_weights`; None for 1.

    Returns:
        One row an epoch: epoch (from 1), loss, accuracy, test_loss, test_accuracy, and HELD_OUT where there are such
        points; of 0 epochs one row, epoch 0. All sets are evaluated after the epoch in inference mode, in float32,
        without dropout and penalties, so that they compare; of a larger training set EVALUATION_POINTS points before
        the last epoch.

    Raises:
        deadline.OutOfTime: when the time does not suffice.
        ValueError: when the checkpoint is of another model, or of a longer training.
        RuntimeError: when the loss is not finite, or the outputs say nothing about the labels and `below_chance` is
            refuse.
    """
    columns = model.output_shape[-1]
    model.compile(optimizer=optimizer(training), loss=loss(columns))
    model.optimizer.build(model.trainable_variables)
    variables = model.variables + model.optimizer.variables
    # A sigmoid's labels take the shape of its logits; Keras would otherwise have to guess.
    targets = y_train[:, None].astype("float32") if columns == 1 else y_train
    state = Path(checkpoint) / STATE
    rows = restore(state, variables, training["epochs"])
    evaluated = precision.in_float32(model)
    sample, others = evaluation_points(seed, len(x_train)), ((x_test, y_test), held_out)

    batches = steps_an_epoch(training, len(x_train))
    bar = log.progress((), f"{label}, batches", training["epochs"] * batches)
    bar.initial = bar.n = len(rows) * batches
    first, took = len(rows), 0.0
    for epoch in range(len(rows), training["epochs"]):
        kept = f"{epoch} of {training['epochs']} epochs are kept"
        deadline.require(ends, took, label, kept)
        began = time.monotonic()
        rate = learning_rate(training, epoch)
        model.optimizer.learning_rate = rate
        order = epoch_order(seed, epoch, len(x_train))
        for i in range(batches):
            if epoch < training.get("warmup", 0):
                model.optimizer.learning_rate = rate * warmed_up(training, epoch * batches + i, batches)
            batch = order[i * training["batch_size"] : (i + 1) * training["batch_size"]]
            model.train_on_batch(x_train[batch], targets[batch], class_weights.of_members(point_weights, batch))
            bar.update()
            if epoch == first and i and i % FIRST_LOOK == 0:
                if i == FIRST_LOOK:
                    compiled = time.monotonic()
                else:
                    a_batch = (time.monotonic() - compiled) / (i - FIRST_LOOK)
                    deadline.require(ends, a_batch * (batches - i), label, kept)
        if evaluated is not model:
            evaluated.set_weights(model.get_weights())
        seen = slice(None) if epoch + 1 == training["epochs"] else sample
        row = [epoch + 1, *evaluate_all(evaluated, (x_train[seen], y_train[seen]), *others)]
        if not np.isfinite(row[1]):
            lower = inputs.advice(model, x_train) or "lower models.NAME.training.learning_rate"
            raise RuntimeError(
                f"{label}: the training loss is {row[1]} after epoch {epoch + 1} with {training['optimizer']} at "
                f"learning rate {learning_rate(training, epoch):g}; {lower}"
            )
        rows.append(row)
        save(state, variables, rows)
        took = time.monotonic() - began
        print(
            label, *(f"{name} {value:.6g}" for name, value in zip(columns_of(held_out), row, strict=True)), flush=True
        )

    bar.close()
    if not rows:
        rows.append([0, *evaluate_all(evaluated, (x_train, y_train), *others)])
    history = pd.DataFrame(rows, columns=columns_of(held_out)).astype({"epoch": int})
    advice = "change models.NAME.training.learning_rate, models.NAME.training.epochs or the penalties"
    accuracy = float(history["accuracy"].iloc[-1])
    if accuracy < chance.accuracy_needed(y_train)[1]:
        advice = inputs.advice(model, x_train) or advice
    refuse_chance(evaluated, accuracy, x_train, y_train, label, "training ended at", advice, below_chance)
    return history


def evaluated(
    model: keras.Model,
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_test: np.ndarray,
    y_test: np.ndarray,
    label: str,
    below_chance: str = "refuse",
    held_out: Points | None = None,
) -> pd.DataFrame:
    """History of a network that comes trained: one row, epoch 0, in the columns of `train`.

    Raises:
        RuntimeError: when its outputs are no numbers, or say nothing about the labels and `below_chance` is refuse.
    """
    row = [0, *evaluate_all(model, (x_train, y_train), (x_test, y_test), held_out)]
    print(label, *(f"{name} {value:.6g}" for name, value in zip(columns_of(held_out), row, strict=True)), flush=True)
    if not np.isfinite(row[1]):
        raise RuntimeError(
            f"{label}: the trained network's mean cross-entropy on the training set is {row[1]}, as some of its "
            "outputs are NaN or infinite; give the inputs that it was trained on, with rescale, or a sound file"
        )
    advice = "give the inputs that it was trained on, with rescale, and its order of the classes"
    refuse_chance(model, row[2], x_train, y_train, label, "the trained network has", advice, below_chance)
    return pd.DataFrame([row], columns=columns_of(held_out))


def evaluation_points(seed: int, n: int) -> np.ndarray | slice:
    """Indices of the training points that are evaluated after each epoch but the last: all, or a sorted sample."""
    if n <= EVALUATION_POINTS:
        return slice(None)
    return np.sort(np.random.default_rng((seed, n)).choice(n, EVALUATION_POINTS, replace=False))


def refuse_chance(
    model: keras.Model,
    accuracy: float,
    x_train: np.ndarray,
    y_train: np.ndarray,
    label: str,
    what: str,
    advice: str,
    mode: str,
) -> None:
    """Judge a network by more than its accuracy where that is about what naming the largest class always would give.

    Args:
        accuracy: on the training set, in [0, 1]. label, what, advice, mode: see `chance.judge`.

    Raises:
        RuntimeError: as `chance.judge`.
    """
    majority, needed = chance.accuracy_needed(y_train)
    if accuracy >= needed:
        return
    logits = outputs(model, x_train)
    found = chance.evidence(logits, predictions(logits), y_train)
    chance.judge(found, accuracy, majority, mode, label, what, advice)


def save(path: Path, variables: list, rows: list[list[float]]) -> None:
    """Write the values of `variables` and the history so far, atomically."""
    arrays = {f"variables/{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(variables)}
    hdf5.write(path, arrays | {"history": np.array(rows, dtype=np.float64)}, {})


def restore(path: Path, variables: list, epochs: int) -> list[list[float]]:
    """Set `variables` to a saved state and return its history rows; none, and nothing changed, where there is no file.

    Raises:
        ValueError: when the file's arrays do not fit the variables or it holds more than `epochs` epochs.
    """
    if not path.exists():
        return []
    with hdf5.file(path) as file:
        saved = [file[f"variables/{i}"][()] for i in range(len(file["variables"]))]
        rows = file["history"][()].tolist()
    if [a.shape for a in saved] != [tuple(v.shape) for v in variables] or len(rows) > epochs:
        raise ValueError(f"{path} is the checkpoint of another training (after {len(rows)} epochs); delete its folder")
    for variable, array in zip(variables, saved, strict=True):
        variable.assign(array)
    return rows
