"""Inputs standardised inside the network, and trainings that fail because inputs are not."""

import keras
import numpy as np
import pytest

from attribution.files import hdf5
from attribution.methods.run import Run
from attribution.networks import build, standard
from attribution.retraining import folds, whole_networks
from attribution.settings import recipes
from attribution.training import ensemble, inputs
from attribution.training import train as training
from helpers import CONFIG
from small_run import method

TRAINING = {"optimizer": "adam", "learning_rate": 0.02, "momentum": 0.0, "epochs": 3, "batch_size": 16, "schedule": []}
RECIPE = {"architecture": "mlp", "hidden": [4], "dropout": 0.0, "l1": 0.0, "l2": 0.0, "training": TRAINING}
PLAIN, RECIPE = RECIPE, RECIPE | {"standardise": True}


@pytest.fixture(scope="module")
def points():
    """Columns of other sizes, and one that is constant."""
    x = np.random.default_rng(0).normal([5.0, -3000.0, 0.0], [1.0, 400.0, 0.0], (50, 3))
    return x, (x[:, 1] > -3000).astype(int)


def test_the_network_sees_inputs_of_mean_0_and_deviation_1(points, tmp_path):
    model = build.build(RECIPE, (3,), 2, 0, points[0])
    model.save(tmp_path / "model.keras")
    for network in (model, keras.models.load_model(tmp_path / "model.keras", compile=False)):
        layer = network.get_layer(standard.NAME)
        seen = keras.ops.convert_to_numpy(layer(points[0].astype(np.float32)))
        np.testing.assert_allclose(seen[:, :2].mean(axis=0), 0, atol=1e-4)
        np.testing.assert_allclose(seen[:, :2].std(axis=0), 1, atol=1e-4)
        # where all points agree, another value is no outlier
        other = keras.ops.convert_to_numpy(layer(np.array([[5.0, -3000.0, 0.5]], np.float32)))
        assert np.all(seen[:, 2] == 0) and other[0, 2] == 0.5
    assert not layer.trainable_weights


def test_its_weights_are_drawn_as_without_it(points):
    plain = build.build(PLAIN, (3,), 2, 0)
    for mine, other in zip(build.build(RECIPE, (3,), 2, 0, points[0]).trainable_weights, plain.weights, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_inputs_that_were_never_scaled_are_named(points):
    plain = build.build(PLAIN, (3,), 2, 0)
    assert "sees inputs up to" in inputs.advice(plain, points[0]) and "standardise: true" in inputs.advice(
        plain, points[0]
    )
    assert inputs.advice(plain, points[0] / 1000) == ""
    assert inputs.advice(build.build(RECIPE, (3,), 2, 0, points[0]), points[0]) == ""


def test_networks_trained_at_once_take_data_as_it_is(points):
    with pytest.raises(ValueError, match=r"standardise is set, but networks are trained at once on the data as it is"):
        ensemble.check(RECIPE, *points, np.ones((1, 50), bool), np.zeros(1))


@pytest.mark.parametrize("key", recipes.CHANGED)
def test_what_changes_inputs_inside_is_trained_one_by_one(key):
    assert f"{key} is set" in recipes.one_by_one(PLAIN | {key: True}) and not recipes.one_by_one(PLAIN)


def by_hand(x):
    spread = x.std(axis=0)
    return ((x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)).astype(np.float32)


def test_without_some_points_it_is_trained_as_on_data_standardised_by_hand(points, tmp_path):
    x, y = points
    kept = np.random.default_rng(1).random((3, 50)) < 0.7
    found, known = (
        [folds.logits(recipe, data, y, 2, 0, np.arange(50) % 2, tmp_path / name),
         whole_networks.retrained(recipe, data, y, data[:5], y[:5], 2, 0, kept, name)]
        for name, recipe, data in (("inside", RECIPE, x), ("by hand", PLAIN, by_hand(x)))
    )  # fmt: skip
    assert len(list((tmp_path / "inside").iterdir())) == 2 and not (tmp_path / "by hand").exists()
    for mine, other in zip(found, known, strict=True):
        np.testing.assert_allclose(mine, other, atol=2e-3)
    assert np.ptp(known[1], axis=0).max() > 0.05


@pytest.mark.parametrize("name", ["metagradient", "source", "tracin"])
def test_methods_that_follow_the_training_see_what_they_see_on_data_standardised_by_hand(name, points, tmp_path):
    x, y = points
    settings, found = {"influence.batch_size": 64, "unrolled.checkpoints": 2, "unrolled.betas": [10.0]}, []
    settings |= {f"curvature.{key}": value for key, value in CONFIG["curvature"].items()}
    settings |= {"curvature.damping": {"mode": "relative", "value": 0.1, "targets": 2}}
    for place, (recipe, data) in enumerate(((RECIPE, x), (PLAIN, by_hand(x)))):
        files = {key: tmp_path / f"{place}-{key}" for key in ("data", "model")}
        files["model"] = files["model"].with_suffix(".keras")
        arrays = {"x_train": data, "y_train": y, "x_test": data[:4], "y_test": y[:4]}
        hdf5.write(files["data"], arrays, {"class_names": ["a", "b"]})
        model = build.build(recipe, (3,), 2, 0, data)
        training.train(model, data, y, data[:4], y[:4], TRAINING, 0, tmp_path / f"{place}", "", None, "warn")
        model.save(files["model"])
        found.append(method(name).pairs(Run(files, settings, True, recipe), np.arange(4)))
    np.testing.assert_allclose(found[0], found[1], atol=2e-3 * np.abs(found[1]).max())
