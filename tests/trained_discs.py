"""A recipe, the discs that it is trained on, and the training."""

import keras
import pytest

from attribution.data import toy
from attribution.files import hdf5
from attribution.networks import build as models
from attribution.training import train as training

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


def array_bytes(variables):
    return [keras.ops.convert_to_numpy(v).tobytes() for v in variables]


def state_bytes(model):
    """Weights, dropout generators and optimiser slots, as bytes."""
    return array_bytes(model.variables + model.optimizer.variables)


def state_of(model):
    return model.variables + model.optimizer.variables
