"""Training: its steps against plain NumPy, its evaluation, and what it learns."""

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, softmax

import plot_training_curves
from attribution.files import hdf5
from attribution.networks import build as models
from attribution.training import train as training
from helpers import ROOT
from train_model import train_model
from trained_discs import RECIPE, TRAINING, array_bytes, state_bytes, trained

pytestmark = pytest.mark.slow
STEPS = {"rtol": 2e-4, "atol": 2e-6}  # float32 training against float64
EVALUATION = 1e-6  # Keras's float32 mean against float64


def test_epoch_order_depends_on_seed_and_epoch_only():
    order = training.epoch_order(3, 7, 100)
    np.testing.assert_array_equal(order, training.epoch_order(3, 7, 100))
    np.testing.assert_array_equal(np.sort(order), np.arange(100))
    assert len({tuple(training.epoch_order(s, e, 100)) for s in range(5) for e in range(5)}) == 25


def test_learning_rate_follows_the_schedule():
    steps = TRAINING | {"schedule": [{"epoch": 2, "factor": 0.5}, {"epoch": 5, "factor": 0.1}]}
    rates = [training.learning_rate(steps, epoch) for epoch in range(7)]
    np.testing.assert_allclose(rates, [0.01, 0.01, 0.005, 0.005, 0.005, 0.0005, 0.0005])


def test_learning_rate_falls_exponentially():
    steps = TRAINING | {"learning_rate": 0.1, "schedule": {"factor": 0.001, "epochs": 200}}
    rates = [training.learning_rate(steps, epoch) for epoch in (0, 100, 200)]
    np.testing.assert_allclose(rates, [0.1, 0.1 * 0.001**0.5, 0.0001])


def test_warm_up_rises_step_by_step(points, tmp_path, monkeypatch):
    rates = []
    recipe = RECIPE | {"training": TRAINING | {"epochs": 4, "warmup": 2, "schedule": [{"epoch": 3, "factor": 0.5}]}}
    original = keras.Model.train_on_batch

    def recorded(model, *arguments):
        rates.append(float(model.optimizer.learning_rate))
        return original(model, *arguments)

    monkeypatch.setattr(keras.Model, "train_on_batch", recorded)
    monkeypatch.setattr(training, "refuse_chance", lambda *arguments: None)
    trained(points, recipe, tmp_path)
    batches = 6  # 163 points in batches of 32
    rising = 0.01 * np.arange(1, 2 * batches + 1) / (2 * batches)
    np.testing.assert_allclose(rates, [*rising, *[0.01] * batches, *[0.005] * batches], rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 3])
def test_training_is_gradient_descent_with_momentum_on_the_penalised_batch_loss(classes, tmp_path):
    rng = np.random.default_rng(classes)
    n, batch, l2, momentum, epochs = 50, 16, 0.03, 0.9, 4
    x = rng.normal(size=(n, 3)).astype(np.float32)
    y = np.argmax(x @ rng.normal(size=(3, classes)), axis=1)
    steps = {
        "optimizer": "sgd",
        "learning_rate": 0.2,
        "momentum": momentum,
        "epochs": epochs,
        "batch_size": batch,
        "schedule": [{"epoch": 2, "factor": 0.25}],
    }
    recipe = {"architecture": "mlp", "hidden": [], "dropout": 0.0, "l1": 0.0, "l2": l2, "training": steps}
    start = models.build(recipe, (3,), classes, 5).get_weights()
    model, history = trained([x, y, x[:20], y[:20]], recipe, tmp_path, seed=5, classes=classes)

    kernel, bias = (w.astype(np.float64) for w in start)
    velocity = [np.zeros_like(kernel), np.zeros_like(bias)]
    probability = expit if classes == 2 else lambda s: softmax(s, axis=1)
    wanted = y[:, None] if classes == 2 else np.eye(classes)[y]
    for epoch in range(epochs):
        order = np.random.default_rng((5, epoch)).permutation(n)
        for i in range(0, n, batch):  # 50 = 3 * 16 + 2: the last batch is short and counts as a whole one
            b = order[i : i + batch]
            residual = (probability(x[b] @ kernel + bias) - wanted[b]) / len(b)
            gradient = [x[b].T @ residual + 2 * l2 * kernel, residual.sum(axis=0)]
            rate = 0.2 if epoch < 2 else 0.05
            velocity = [momentum * v - rate * g for v, g in zip(velocity, gradient, strict=True)]
            kernel, bias = kernel + velocity[0], bias + velocity[1]
    for ours, theirs in zip(model.get_weights(), [kernel, bias], strict=True):
        np.testing.assert_allclose(ours, theirs, **STEPS)

    p = probability(x @ kernel + bias)
    p = np.concatenate([1 - p, p], axis=1) if classes == 2 else p
    np.testing.assert_allclose(history["loss"].iloc[-1], -np.log(p[np.arange(n), y]).mean(), **STEPS)
    assert history["accuracy"].iloc[-1] == (p.argmax(axis=1) == y).mean()
    assert history["epoch"].tolist() == [1, 2, 3, 4]


def test_evaluation_is_keras_evaluation_without_dropout(points, tmp_path, monkeypatch):
    model, _ = trained(points, RECIPE | {"l1": 0.0, "l2": 0.0}, tmp_path)
    x, y = points[0], points[1]
    mean, accuracy = training.evaluate(model, x, y)
    assert mean == pytest.approx(model.evaluate(x, y[:, None], verbose=0), rel=EVALUATION)
    assert accuracy == ((model.predict(x, verbose=0)[:, 0] > 0) == y).mean()
    monkeypatch.setattr(training, "EVALUATION_BATCH", 7)
    assert training.evaluate(model, x, y) == pytest.approx((mean, accuracy), rel=EVALUATION)


@pytest.mark.slow
def test_the_seed_decides_every_byte(points, tmp_path):
    runs = [trained(points, RECIPE, tmp_path / str(i), seed=seed) for i, seed in enumerate([0, 0, 1])]
    (first, first_history), (again, again_history), (other, _) = runs
    assert state_bytes(first) == state_bytes(again)
    assert first_history.to_csv() == again_history.to_csv()
    assert state_bytes(first)[0] != state_bytes(other)[0]


def test_a_large_training_set_is_sampled_before_the_last_epoch(points, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "EVALUATION_POINTS", 50)
    chosen = training.evaluation_points(0, len(points[0]))
    assert len(np.unique(chosen)) == 50
    np.testing.assert_array_equal(chosen, training.evaluation_points(0, len(points[0])))
    model, history = trained(points, RECIPE, tmp_path)
    assert history["loss"].iloc[-1] == training.evaluate(model, *points[:2])[0]
    scaled = history["accuracy"] * 50
    assert (scaled.iloc[:-1] == scaled.iloc[:-1].round()).all()


@pytest.mark.slow
def test_the_network_learns_the_discs_and_not_shuffled_labels(points, tmp_path):
    _, history = trained(points, RECIPE | {"training": TRAINING | {"epochs": 60}}, tmp_path / "true")
    assert history["test_accuracy"].iloc[-1] >= 0.95
    x, y, x_test, y_test = points
    shuffled = np.random.default_rng(0).permutation(y)
    free = RECIPE | {"dropout": 0.0, "l1": 0.0, "l2": 0.0, "training": TRAINING | {"epochs": 60}}
    _, history = trained([x, shuffled, x_test, y_test], free, tmp_path / "shuffled")
    assert history["accuracy"].iloc[-1] > 0.55 and history["test_accuracy"].iloc[-1] < 0.8


def test_points_held_out_are_evaluated_after_each_epoch_and_change_no_weight(points, tmp_path, monkeypatch):
    x, y, x_test, y_test = points
    parts, found = {"x_test": x_test, "y_test": y_test, "x_train": x[:120], "y_train": y[:120]}, {}
    recipe = RECIPE | {"training": TRAINING | {"epochs": 3}, "below_chance": "warn"}
    for name, more in (("without", {}), ("with", {"x_validation": x[120:], "y_validation": y[120:]})):
        data, model, history = (tmp_path / name / file for file in ("data.h5", "model.keras", "history.csv"))
        hdf5.write(data, parts | more, {"class_names": ["blue", "red"], "sha256": "0" * 64})
        train_model(str(data), recipe, 0, [], str(model), str(history))
        found[name] = keras.models.load_model(model, compile=False), pd.read_csv(history)
    (plain, without), (model, history) = found.values()
    assert array_bytes(plain.weights) == array_bytes(model.weights)
    columns = ["validation_loss", "validation_accuracy"]
    pd.testing.assert_frame_equal(history.drop(columns=columns), without)
    assert list(history[columns].iloc[-1]) == pytest.approx(training.evaluate(model, x[120:], y[120:]), rel=1e-5)
    assert history.validation_loss.nunique() == 3
    drawn = []
    monkeypatch.setattr(plot_training_curves.drawing, "save", lambda figure, *_: drawn.append(figure))
    for name in found:
        style = str(ROOT / "config" / "figures.mplstyle")
        plot_training_curves.plot_training_curves(str(tmp_path / name / "history.csv"), "mlp", style, 100, "")
    assert [[line.get_label() for line in figure.axes[0].lines] for figure in drawn] == [
        ["training", "test"], ["training", "validation", "test"],
    ]  # fmt: skip
