"""Training: its steps against plain NumPy, its bytes against kills, and its refusal of failed runs."""

import itertools
import json
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from scipy.special import expit, softmax

from attribution.data import toy
from attribution.files import hdf5, resume
from attribution.networks import build as models
from attribution.networks import precision
from attribution.networks.architectures import cnn
from attribution.runtime import deadline
from attribution.training import train as training
from helpers import SCRIPTS, script_environment
from train_model import train_model

pytestmark = pytest.mark.slow

STEPS = {"rtol": 2e-4, "atol": 2e-6}  # float32 training against float64
EVALUATION = 1e-6  # Keras's float32 mean against float64
START = 120.0  # seconds a child may take to reach the epoch at which it is killed
DISCS = [
    {"name": "left", "class": "red", "centre": (-2, 0), "radius": 1.0, "train": 40, "test": 30},
    {"name": "right", "class": "red", "centre": (2, 0), "radius": 1.0, "train": 40, "test": 30},
    {"name": "blue", "class": "blue", "centre": (0, 0), "radius": 1.0, "train": 83, "test": 60},
]
TRAINING = {
    "optimizer": "adam",
    "learning_rate": 1e-2,
    "momentum": 0.0,
    "epochs": 15,
    "batch_size": 32,
    "schedule": [{"epoch": 10, "factor": 0.5}],
}
RECIPE = {"architecture": "mlp", "hidden": [16, 8], "dropout": 0.5, "l1": 1e-4, "l2": 1e-3, "training": TRAINING}


@pytest.fixture
def points():
    arrays = toy.draw(DISCS, ["blue", "red"], 0.1, 0)
    return [arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")]


@pytest.fixture
def data(tmp_path):
    arrays = toy.draw(DISCS, ["blue", "red"], 0.1, 0)
    hdf5.write(tmp_path / "data.h5", arrays, {"class_names": ["blue", "red"], "sha256": "0" * 64})
    return str(tmp_path / "data.h5")


def trained(points, recipe, checkpoint, seed=0, classes=2):
    model = models.build(recipe, points[0].shape[1:], classes, seed)
    return model, training.train(model, *points, recipe["training"], seed, checkpoint, "test")


def state_bytes(model):
    """Weights, dropout generators and optimiser slots, as bytes."""
    return array_bytes(model.variables + model.optimizer.variables)


def array_bytes(variables):
    return [keras.ops.convert_to_numpy(v).tobytes() for v in variables]


def test_epoch_order_depends_on_seed_and_epoch_only():
    order = training.epoch_order(3, 7, 100)
    np.testing.assert_array_equal(order, training.epoch_order(3, 7, 100))
    np.testing.assert_array_equal(np.sort(order), np.arange(100))
    assert len({tuple(training.epoch_order(s, e, 100)) for s in range(5) for e in range(5)}) == 25


@pytest.mark.slow
def test_training_out_of_time_goes_on_to_the_same_bytes(points, tmp_path, monkeypatch):
    whole, expected = trained(points, RECIPE, tmp_path / "whole")
    model = models.build(RECIPE, points[0].shape[1:], 2, 0)
    with monkeypatch.context() as patch:
        ticks = itertools.count()  # a second passes at every look at the clock
        patch.setattr(time, "monotonic", lambda: float(next(ticks)))
        with pytest.raises(deadline.OutOfTime, match="almost up"):
            training.train(model, *points, TRAINING, 0, tmp_path / "cut", "test", ends=7.5)
    assert (
        0
        < len(training.restore(tmp_path / "cut" / training.STATE, state_of(model), TRAINING["epochs"]))
        < len(expected)
    )
    model, found = trained(points, RECIPE, tmp_path / "cut")
    assert found.equals(expected) and state_bytes(model) == state_bytes(whole)


def state_of(model):
    return model.variables + model.optimizer.variables


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


def killed_after(epochs, arguments, output):
    """Start a child that trains, kill it with SIGKILL after that many epochs; the number of epochs it announced."""
    command = "import json, sys; from train_model import train_model; train_model(**json.loads(sys.argv[1]))"
    environment = script_environment()
    with open(output, "w") as log:
        child = subprocess.Popen(
            [sys.executable, "-c", command, json.dumps(arguments)], env=environment, stdout=log, stderr=log
        )
        try:
            until = time.monotonic() + START
            while f"epoch {epochs} " not in output.read_text():
                assert child.poll() is None and time.monotonic() < until, output.read_text()
                time.sleep(0.005)
        finally:
            child.kill()
            assert child.wait() == -signal.SIGKILL
    return output.read_text().count("test_accuracy")


@pytest.mark.slow
def test_a_killed_training_ends_with_the_bytes_of_an_uninterrupted_one(data, tmp_path):
    long = RECIPE | {"training": TRAINING | {"epochs": 150, "schedule": [{"epoch": 60, "factor": 0.5}]}}
    code = [str(SCRIPTS / "attribution/training/train.py")]

    def arguments(folder):
        model, history = (str(tmp_path / folder / name) for name in ("model.keras", "history.csv"))
        return {"data": data, "recipe": long, "seed": 4, "code": code, "model": model, "history": history}

    train_model(**arguments("whole"))
    for kill_at in (20, 90):
        announced = killed_after(kill_at, arguments("killed"), tmp_path / f"{kill_at}.log")
        (checkpoint,) = (tmp_path / "killed").glob(".training-*")
        assert [p.name for p in (tmp_path / "killed").iterdir()] == [checkpoint.name]
        (rows,) = hdf5.read(checkpoint / training.STATE, "history")
        assert len(rows) >= kill_at
    # The second child announced only what the first had not finished: it went on, it did not start again.
    assert announced < 150 - 20
    train_model(**arguments("killed"))

    assert sorted(p.name for p in (tmp_path / "killed").iterdir()) == ["history.csv", "model.keras"]
    whole, killed = (keras.saving.load_model(tmp_path / folder / "model.keras") for folder in ("whole", "killed"))
    # without the dropout generators: a .keras file does not hold them, the checkpoint does
    assert array_bytes(whole.weights) == array_bytes(killed.weights)
    assert array_bytes(whole.optimizer.variables) == array_bytes(killed.optimizer.variables)
    histories = [(tmp_path / folder / "history.csv").read_bytes() for folder in ("whole", "killed")]
    assert histories[0] == histories[1] and histories[0].count(b"\n") == 151


def bright_rows(n=96, classes=4):
    """Images of bytes with one bright row, the class."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, classes, n)
    x = rng.integers(0, 80, (n, 22, 22, 1), dtype=np.uint8)
    for row in range(3):
        x[np.arange(n), 5 * y + row] += 120
    return [x, y, x[:32], y[:32]]


IMAGES = {
    "architecture": "cnn",
    "rescale": {"from": [0, 255], "to": [-1, 1]},
    "flip": True,
    "translation": 0.1,
    "mixed_precision": "off",
    "training": TRAINING | {"learning_rate": 0.005, "epochs": 5, "schedule": {"factor": 0.1, "epochs": 5}, "warmup": 1},
}


class Killed(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [False, True])
def test_an_augmented_network_goes_on_with_the_same_shifts_and_flips(tmp_path, monkeypatch, mixed):
    monkeypatch.setattr(precision, "policy", lambda recipe: precision.MIXED if mixed else "float32")
    monkeypatch.setattr(training, "refuse_chance", lambda *arguments: None)
    points = bright_rows()
    whole, history = trained(points, IMAGES, tmp_path / "whole", classes=4)
    assert type(whole.optimizer).__name__ == ("LossScaleOptimizer" if mixed else "Adam")

    written = training.save

    def stopping(path, variables, rows):
        written(path, variables, rows)
        if len(rows) == 2:
            raise Killed

    monkeypatch.setattr(training, "save", stopping)
    with pytest.raises(Killed):
        trained(points, IMAGES, tmp_path / "killed", classes=4)
    monkeypatch.setattr(training, "save", written)
    # the generators of the flips, the shifts and nothing else are at the second epoch's end in the file
    (rows,) = hdf5.read(tmp_path / "killed" / training.STATE, "history")
    assert len(rows) == 2
    resumed, resumed_history = trained(points, IMAGES, tmp_path / "killed", classes=4)
    assert state_bytes(resumed) == state_bytes(whole)
    assert resumed_history.to_csv() == history.to_csv()

    # without the augmentation the weights differ: it took part
    plain, _ = trained(points, IMAGES | {"flip": False, "translation": 0.0}, tmp_path / "plain", classes=4)
    assert array_bytes(plain.weights) != array_bytes(whole.weights)


def test_generators_are_in_the_checkpoint(tmp_path):
    model = cnn.build((22, 22, 1), 4, IMAGES)
    assert len([v for v in model.variables if "seed_generator" in v.path]) == 2
    before = array_bytes(model.variables)
    model(bright_rows()[0].astype(np.float32), training=True)
    changed = [v.path for v, old in zip(model.variables, before, strict=True) if array_bytes([v]) != [old]]
    assert len(changed) == 2 and all("seed_generator" in path for path in changed)


@pytest.mark.slow
def test_mixed_precision_learns_and_is_evaluated_in_float32(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "policy", lambda recipe: precision.MIXED)
    points = bright_rows()
    recipe = IMAGES | {"flip": False, "training": IMAGES["training"] | {"epochs": 8}}
    model, history = trained(points, recipe, tmp_path, classes=4)
    assert precision.is_mixed(model) and history["accuracy"].iloc[-1] > 0.9
    single = precision.in_float32(model)
    mean, accuracy = training.evaluate(single, *points[:2])
    assert (mean, accuracy) == (history["loss"].iloc[-1], history["accuracy"].iloc[-1])


def test_a_large_training_set_is_sampled_before_the_last_epoch(points, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "EVALUATION_POINTS", 50)
    chosen = training.evaluation_points(0, len(points[0]))
    assert len(np.unique(chosen)) == 50
    np.testing.assert_array_equal(chosen, training.evaluation_points(0, len(points[0])))
    model, history = trained(points, RECIPE, tmp_path)
    assert history["loss"].iloc[-1] == training.evaluate(model, *points[:2])[0]
    scaled = history["accuracy"] * 50
    assert (scaled.iloc[:-1] == scaled.iloc[:-1].round()).all()


def test_a_checkpoint_of_another_model_is_refused(points, tmp_path):
    trained(points, RECIPE, tmp_path)
    with pytest.raises(ValueError, match=r"state\.h5 is the checkpoint of another training \(after 15 epochs\)"):
        trained(points, RECIPE | {"hidden": [16, 9]}, tmp_path)
    with pytest.raises(ValueError, match="another training"):
        trained(points, RECIPE | {"training": TRAINING | {"epochs": 3}}, tmp_path)


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
    assert "the outputs do tell classes apart, so it is used" in capsys.readouterr().out


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


@pytest.mark.slow
def test_the_network_learns_the_discs_and_not_shuffled_labels(points, tmp_path):
    _, history = trained(points, RECIPE | {"training": TRAINING | {"epochs": 60}}, tmp_path / "true")
    assert history["test_accuracy"].iloc[-1] >= 0.95
    x, y, x_test, y_test = points
    shuffled = np.random.default_rng(0).permutation(y)
    free = RECIPE | {"dropout": 0.0, "l1": 0.0, "l2": 0.0, "training": TRAINING | {"epochs": 60}}
    _, history = trained([x, shuffled, x_test, y_test], free, tmp_path / "shuffled")
    assert history["accuracy"].iloc[-1] > 0.55 and history["test_accuracy"].iloc[-1] < 0.8


def test_digest_changes_with_every_setting_and_source(tmp_path):
    sources = [tmp_path / "a.py", tmp_path / "b.py"]
    for source in sources:
        source.write_text(source.name)
    first = resume.digest({"a": 1, "b": {"c": 2}}, sources)
    assert first == resume.digest({"b": {"c": 2}, "a": 1}, sources[::-1])
    others = [resume.digest(settings, sources) for settings in ({"a": 2, "b": {"c": 1}}, {"a": 1, "b": {"c": 3}})]
    sources[0].write_text("changed")
    others.append(resume.digest({"a": 1, "b": {"c": 2}}, sources))
    assert len({first, *others}) == 4
