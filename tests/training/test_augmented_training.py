"""Training of augmented images and in mixed precision."""

import numpy as np
import pytest

from attribution.files import hdf5
from attribution.networks import precision
from attribution.networks.architectures import cnn
from attribution.training import train as training
from trained_discs import TRAINING, array_bytes, state_bytes, trained

pytestmark = pytest.mark.slow


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
