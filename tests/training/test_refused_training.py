"""Trainings that failed: a sentence and no model, or a warning where the network is of use."""

import keras
import numpy as np
import pytest

from attribution.networks import build as models
from attribution.training import train as training
from train_model import train_model
from trained_discs import RECIPE, TRAINING, array_bytes, trained

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        # a step of 1e30 overflows float32; one of 1e-9 leaves the network where it started
        (
            {"optimizer": "sgd", "learning_rate": 1e30},
            "training loss is nan after epoch 1 .* lower models.NAME.training.learning_rate",
        ),
        ({"optimizer": "sgd", "learning_rate": 1e-9}, "training ended at accuracy 0.* largest class gives 0.509"),
        ({"optimizer": "rmsprop"}, "models.NAME.training.optimizer is 'rmsprop'; it must be adam or sgd"),
    ],
)
def test_a_failed_training_leaves_a_sentence_and_no_model(data, tmp_path, change, sentence):
    recipe = RECIPE | {"training": TRAINING | {"epochs": 3} | change}
    model, history = tmp_path / "out" / "model.keras", tmp_path / "out" / "history.csv"
    with pytest.raises((RuntimeError, ValueError), match=sentence):
        train_model(data, recipe, 0, [], str(model), str(history))
    assert not model.exists() and not history.exists()


def test_features_without_information_are_chance(points, tmp_path):
    x, y, x_test, y_test = points
    with pytest.raises(RuntimeError, match=r"always naming the largest class gives 0\.509"):
        trained([np.zeros_like(x), y, np.zeros_like(x_test), y_test], RECIPE, tmp_path)


def rare(apart):
    """Two overlapping clouds, of which one holds few points."""
    rng, n = np.random.default_rng(0), 1000
    y = (np.arange(n) < 0.023 * n).astype(np.int64)
    x = (rng.normal(size=(n, 2)) + apart * y[:, None]).astype(np.float32)
    return [x, y, x[::2], y[::2]]


def test_a_network_on_a_rare_class_is_used_with_a_warning(tmp_path, capsys):
    recipe = RECIPE | {"dropout": 0.0, "training": TRAINING | {"epochs": 5}}
    _, history = trained(rare(0.9), recipe, tmp_path)
    majority = 0.977
    assert history["accuracy"].iloc[-1] < majority + 0.05 * (1 - majority)
    assert "the outputs do tell classes apart, so it is used; recall.csv of the run says" in capsys.readouterr().out


def test_a_trained_network_with_class_weights_is_used_with_a_warning(capsys):
    x, y, *test = rare(1.6)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.set_weights([np.ones((2, 1)), np.array([-1.6])])  # as many errors on each side: many in all
    history = training.evaluated(model, x, y, *test, "weighted")
    assert history["accuracy"].iloc[-1] < 0.95
    assert "the outputs do tell classes apart, so it is used" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match=r"give the inputs .* or set below_chance: warn"):
        training.evaluated(model, -x, y, *test, "weighted")
    training.evaluated(model, -x, y, *test, "weighted", "warn")
    assert "it is used because below_chance is warn" in capsys.readouterr().out
    model.set_weights([np.ones((2, 1)), np.array([np.nan])])
    with pytest.raises(RuntimeError, match="some of its outputs are NaN or infinite"):
        training.evaluated(model, x, y, *test, "weighted", "warn")


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [0, 2])
def test_what_was_refused_is_used_by_a_setting_and_not_trained_again(data, tmp_path, monkeypatch, epochs):
    rates = {"optimizer": "sgd", "learning_rate": 1e-9}
    recipe = RECIPE | {"training": TRAINING | rates | {"epochs": epochs}}
    model, history = tmp_path / "out" / "model.keras", tmp_path / "out" / "history.csv"
    with pytest.raises(RuntimeError, match=r"training\.epochs .*, or set below_chance: warn in its recipe"):
        train_model(data, recipe, 0, [], str(model), str(history))
    assert not model.exists()
    monkeypatch.setattr(training, "epoch_order", None)  # no epoch can be trained
    train_model(data, recipe | {"below_chance": "warn"}, 0, [], str(model), str(history))
    lines = history.read_text().splitlines()
    assert len(lines) == max(epochs, 1) + 1 and lines[-1].startswith(f"{epochs},")
    if not epochs:
        drawn = models.build(recipe, (2,), 2, 0)
        assert array_bytes(keras.models.load_model(model, compile=False).weights) == array_bytes(drawn.weights)
