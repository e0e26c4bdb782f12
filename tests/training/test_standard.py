"""Inputs standardised inside the network, and trainings that fail because inputs are not."""

import keras
import numpy as np
import pytest

from attribution.networks import build, standard
from attribution.training import ensemble, inputs

RECIPE = {"architecture": "mlp", "hidden": [4], "dropout": 0.0, "l1": 0.0, "l2": 0.0, "standardise": True}


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
    plain = build.build({key: RECIPE[key] for key in RECIPE if key != "standardise"}, (3,), 2, 0)
    for mine, other in zip(build.build(RECIPE, (3,), 2, 0, points[0]).trainable_weights, plain.weights, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_inputs_that_were_never_scaled_are_named(points):
    plain = build.build({key: RECIPE[key] for key in RECIPE if key != "standardise"}, (3,), 2, 0)
    assert "sees inputs up to" in inputs.advice(plain, points[0]) and "standardise: true" in inputs.advice(
        plain, points[0]
    )
    assert inputs.advice(plain, points[0] / 1000) == ""
    assert inputs.advice(build.build(RECIPE, (3,), 2, 0, points[0]), points[0]) == ""


def test_networks_trained_at_once_take_data_as_it_is(points):
    with pytest.raises(ValueError, match=r"standardise is set, but networks are trained at once on the data as it is"):
        ensemble.check(RECIPE, *points, np.ones((1, 50), bool), np.zeros(1))
