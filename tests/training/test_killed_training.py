"""Training that is killed or out of time goes on to the same bytes."""

import itertools
import json
import signal
import subprocess
import sys
import time

import keras
import pytest

from attribution.files import hdf5, resume
from attribution.networks import build as models
from attribution.runtime import deadline
from attribution.training import train as training
from helpers import SCRIPTS, script_environment
from train_model import train_model
from trained_discs import RECIPE, TRAINING, array_bytes, state_bytes, state_of, trained

pytestmark = pytest.mark.slow
START = 120.0  # seconds a child may take to reach the epoch at which it is killed


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


def test_a_checkpoint_of_another_model_is_refused(points, tmp_path):
    trained(points, RECIPE, tmp_path)
    with pytest.raises(ValueError, match=r"state\.h5 is the checkpoint of another training \(after 15 epochs\)"):
        trained(points, RECIPE | {"hidden": [16, 9]}, tmp_path)
    with pytest.raises(ValueError, match="another training"):
        trained(points, RECIPE | {"training": TRAINING | {"epochs": 3}}, tmp_path)


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
