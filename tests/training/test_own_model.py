"""The user's model: logits of a trained file or of a Python file, and a sentence for what cannot serve."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from attribution.files import hdf5
from attribution.influence import features
from attribution.networks import build as models
from attribution.networks import own as own_model
from train_model import train_model

pytestmark = pytest.mark.slow

ROUNDING = {"rtol": 1e-5, "atol": 1e-5}
SHAPE = (6, 6, 1)
CLASSES = 3
TRAINING = {
    "optimizer": "adam",
    "learning_rate": 0.01,
    "momentum": 0.0,
    "epochs": 12,
    "batch_size": 16,
    "schedule": [],
    "warmup": 0,
}


def digits(classes=CLASSES, n=90):
    """Images of bytes with one bright row, the class."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, classes, n)
    x = rng.integers(0, 60, (n, *SHAPE), dtype=np.uint8)
    x[np.arange(n), y] += 150
    return x, y.astype(np.int64)


@pytest.fixture
def data(tmp_path):
    x, y = digits()
    arrays = {"x_train": x, "y_train": y, "x_test": x[:30], "y_test": y[:30]}
    hdf5.write(tmp_path / "data.h5", arrays, {"class_names": ["a", "b", "c"], "sha256": "0" * 64})
    return str(tmp_path / "data.h5")


def ending(*last, outputs=CLASSES, shape=SHAPE, **dense):
    dense = {"name": "scores"} | dense
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Flatten(),
            layers.Dense(5, activation="relu"),
            layers.Dense(outputs, **dense),
            *last,
        ]
    )


def saved(model, folder):
    model.save(folder / "mine.keras")
    return {"architecture": "keras-file", "path": str(folder / "mine.keras")}


@pytest.mark.parametrize(
    ("last", "dense"),
    [
        ([], {}),
        ([], {"activation": "softmax"}),
        ([layers.Softmax()], {}),
        ([layers.Activation("softmax")], {}),
        ([layers.Activation("linear"), layers.Softmax()], {"use_bias": False}),
    ],
)
@pytest.mark.parametrize("rescale", [None, {"from": [0, 255], "to": [0, 1]}])
def test_a_trained_file_gives_its_logits(tmp_path, last, dense, rescale):
    theirs = ending(*last, **dense)
    recipe = saved(theirs, tmp_path) | ({"rescale": rescale} if rescale else {})
    model = models.build(recipe, SHAPE, CLASSES, 0)
    x, _ = digits()
    seen = x / 255 if rescale else x / 1.0
    out = theirs.predict_on_batch(seen)
    ours = model.predict_on_batch(x)
    if dense.get("activation") == "softmax" or last:
        np.testing.assert_allclose(keras.ops.convert_to_numpy(keras.ops.softmax(ours)), out, **ROUNDING)
        inner = keras.Model(theirs.inputs, theirs.get_layer("scores").input)
        kernel = theirs.get_layer("scores").get_weights()
        sums = inner.predict_on_batch(seen) @ kernel[0] + (kernel[1] if len(kernel) > 1 else 0)
        np.testing.assert_allclose(ours, sums, rtol=1e-4, atol=1e-3)
    else:
        np.testing.assert_allclose(ours, out, **ROUNDING)
    assert models.last_dense(model).name == "scores"
    weights, _, _ = features.last_layer_parameters(model)
    np.testing.assert_allclose(features.extended_features(model, x, 7) @ weights, ours, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("activation", ["sigmoid", "linear"])
def test_two_classes_may_have_one_output_or_two(tmp_path, activation):
    one = models.build(saved(ending(outputs=1, activation=activation), tmp_path), SHAPE, 2, 0)
    two = models.build(saved(ending(outputs=2), tmp_path), SHAPE, 2, 0)
    assert one.output_shape == (None, 1) and two.output_shape == (None, 2)


def test_a_logistic_regression_is_a_network(tmp_path):
    theirs = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax")])
    x = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    for extra in ({}, {"rescale": {"from": [0, 1], "to": [0, 1]}}):
        model = models.build(saved(theirs, tmp_path) | extra, (4,), 3, 0)
        np.testing.assert_allclose(features.extended_features(model, x, 3)[:, :-1], x, **ROUNDING)


def test_a_file_trained_in_mixed_precision_computes_in_float32(tmp_path):
    theirs = keras.Sequential(
        [
            keras.Input(SHAPE),
            keras.Sequential([keras.Input(SHAPE), layers.Conv2D(2, 3, dtype="mixed_float16")]),
            layers.Flatten(),
            layers.Dense(CLASSES, dtype="mixed_float16"),
        ]
    )
    model = models.build(saved(theirs, tmp_path), SHAPE, CLASSES, 0)
    x = digits()[0] / 255
    np.testing.assert_allclose(model.predict_on_batch(x), theirs.predict_on_batch(x), rtol=0.01, atol=0.01)
    assert {layer.compute_dtype for layer in model._flatten_layers()} == {"float32"}


def heads():
    inputs = keras.Input(SHAPE)
    x = layers.Flatten()(inputs)
    return keras.Model(inputs, [layers.Dense(CLASSES, name="first")(x), layers.Dense(7, name="second")(x)])


def test_last_layer_chooses_a_head_and_cuts(tmp_path):
    theirs = heads()
    model = models.build(saved(theirs, tmp_path) | {"last_layer": "first"}, SHAPE, CLASSES, 0)
    x, _ = digits()
    np.testing.assert_allclose(model.predict_on_batch(x), theirs.predict_on_batch(x)[0], **ROUNDING)
    longer = ending(layers.LeakyReLU(name="leak"))
    model = models.build(saved(longer, tmp_path) | {"last_layer": "scores"}, SHAPE, CLASSES, 0)
    assert models.last_dense(model).name == "scores"


class Subclass(keras.Model):
    def call(self, x):
        return x


def shared():
    inputs = keras.Input((3,))
    dense = layers.Dense(3, name="scores")
    return keras.Model(inputs, dense(dense(inputs)))


WRONG = [
    (
        lambda: keras.Sequential([keras.Input(SHAPE), layers.Flatten()]),
        "the network has no Dense layer at its top level",
    ),
    (lambda: ending(activation="relu"), "the last Dense layer 'scores' has activation 'relu'; it must be linear"),
    (lambda: ending(outputs=4), r"'scores' gives outputs of shape \(4,\), but the data has 3 classes; .* Dense\(3\)"),
    (lambda: ending(activation="sigmoid"), "has a sigmoid for each of 3 outputs"),
    (lambda: ending(layers.LeakyReLU(name="leak")), "after the last Dense layer 'scores' comes 'leak'; .* last_layer"),
    (lambda: ending(shape=(5, 5, 1)), r"takes samples of shape \(5, 5, 1\), but the data has \(6, 6, 1\)"),
    (lambda: ending(shape=(36,)), r"takes samples of shape \(36,\), but the data has \(6, 6, 1\)"),
    (heads, "'second' is not the only way to the output, or is used twice; name the Dense layer .* last_layer"),
]


@pytest.mark.parametrize(("network", "sentence"), WRONG)
def test_a_network_that_cannot_serve_is_refused_with_a_sentence(tmp_path, network, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        models.build(saved(network(), tmp_path), SHAPE, CLASSES, 0)
    assert "\n" not in str(error.value) and "mine.keras" in str(error.value)


def test_other_refusals(tmp_path):
    recipe = saved(ending(), tmp_path)
    with pytest.raises(
        ValueError, match=r"last_layer is 'logit', which is no Dense layer; allowed are dense.*, scores"
    ):
        models.build(recipe | {"last_layer": "logit"}, SHAPE, CLASSES, 0)
    with pytest.raises(ValueError, match="softmax over the one output of 'scores' is always 1"):
        models.build(saved(ending(outputs=1, activation="softmax"), tmp_path), SHAPE, 2, 0)
    with pytest.raises(ValueError, match="'scores' is not the only way to the output, or is used twice"):
        models.build(saved(shared(), tmp_path), (3,), 3, 0)
    with pytest.raises(ValueError, match=r"subclass of keras\.Model"):
        own_model.ending_in_logits(Subclass(), {"path": "a.py"}, SHAPE, CLASSES)
    (tmp_path / "mine.keras").write_text("not a model")
    with pytest.raises(ValueError, match=r"mine\.keras is no \.keras file but a text file"):
        models.build(recipe, SHAPE, CLASSES, 0)
    with pytest.raises(ValueError, match=r"none\.keras does not exist"):
        models.build(recipe | {"path": "none.keras"}, SHAPE, CLASSES, 0)


def test_a_file_with_code_inside_is_not_run(tmp_path):
    ran = []
    network = keras.Sequential(
        [keras.Input(SHAPE), layers.Lambda(lambda x: ran.append(1) or x), layers.Flatten(), layers.Dense(CLASSES)]
    )
    recipe = saved(network, tmp_path)
    ran.clear()
    with pytest.raises(ValueError, match=r"loads in safe mode .* without Lambda layers"):
        models.build(recipe, SHAPE, CLASSES, 0)
    assert not ran


PYTHON = """
import keras

def build(input_shape, classes):
    return keras.Sequential([
        keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(8, activation="relu"),
        keras.layers.Dropout(0.1), keras.layers.Dense(classes, activation="softmax"),
    ])
"""


def python_file(folder, text):
    (folder / "mine.py").write_text(text)
    scale = {"from": [0, 255], "to": [-1, 1]}
    return {"architecture": "python-file", "path": str(folder / "mine.py"), "rescale": scale, "training": TRAINING}


def test_a_python_file_is_trained_and_its_result_serves_as_a_trained_file(tmp_path, data):
    out = tmp_path / "out"
    train_model(data, python_file(tmp_path, PYTHON), 3, [], str(out / "model.keras"), str(out / "history.csv"))
    history = pd.read_csv(out / "history.csv")
    assert len(history) == 12 and history["accuracy"].iloc[-1] > 0.9
    assert sorted(p.name for p in out.iterdir()) == ["history.csv", "model.keras"]

    recipe = {"architecture": "keras-file", "path": str(out / "model.keras")}
    again = tmp_path / "again"
    train_model(data, recipe, 0, [], str(again / "model.keras"), str(again / "history.csv"))
    row = pd.read_csv(again / "history.csv")
    assert row["epoch"].tolist() == [0]
    np.testing.assert_allclose(row.iloc[0, 1:], history.iloc[-1, 1:], rtol=1e-6)
    first, second = (keras.saving.load_model(f / "model.keras", compile=False) for f in (out, again))
    for ours, theirs in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_seed_decides_a_python_files_weights(tmp_path):
    recipe = python_file(tmp_path, PYTHON)
    first, again, other = (models.build(recipe, SHAPE, CLASSES, seed).get_weights()[0] for seed in (1, 1, 2))
    assert (first == again).all() and not (first == other).all()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def make(): pass", r"mine\.py defines no function build\(input_shape, classes\)"),
        ("def build(shape, classes): return 1 / 0", r"build\(\(6, 6, 1\), 3\) fails with ZeroDivisionError: division"),
        ("def build(shape, classes):\n    return 'no'", "gives a str; it must be a keras.Model"),
        ("import nowhere_at_all", "fails with ModuleNotFoundError: No module named"),
        (
            PYTHON.replace("keras.layers.Dropout(0.1)", "Own()").replace(
                "def build", "class Own(keras.layers.Layer):\n    def call(self, x):\n        return x\n\ndef build"
            ),
            "cannot be stored and read back without code of your own",
        ),
    ],
)
def test_a_python_file_that_cannot_serve_is_refused_with_a_sentence(tmp_path, text, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        models.build(python_file(tmp_path, text), SHAPE, CLASSES, 0)
    assert "\n" not in str(error.value)


def test_a_trained_file_on_inputs_it_was_not_trained_on_is_refused(tmp_path, data):
    recipe = saved(ending(outputs=CLASSES, kernel_initializer="zeros"), tmp_path)
    out = tmp_path / "out"
    with pytest.raises(
        RuntimeError, match=r"largest class gives 0.*; give the inputs that it was trained on, with rescale"
    ):
        train_model(data, recipe, 0, [], str(out / "model.keras"), str(out / "history.csv"))
    assert not list(out.glob("*.keras")) and not list(out.glob("*.csv"))
