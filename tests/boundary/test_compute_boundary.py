"""boundary.h5 in both scopes: against the functions, resumed, and by the workflow on the tiny study."""

from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import compute_boundary
from attribution.boundary import points as boundary
from attribution.boundary import points_all_layers as boundary_layers
from attribution.files import hdf5
from attribution.files.results.boundary import INDEX
from attribution.files.results.data import X_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, PARAMETERS
from attribution.influence import features
from attribution.networks import copy_derivatives
from boundary_networks import points, small

pytestmark = pytest.mark.slow

SETTINGS = {"norm": "l2", "points": 9, "seed": 3, "slots": 4, "precision": "float64", "max_steps": 100}


@pytest.fixture
def files(tmp_path):
    model = small()
    model = keras.Model(model.inputs[0], model.outputs[0])
    x = points(model, 30)
    model.save(tmp_path / "model.keras")
    hdf5.write(tmp_path / "data.h5", {X_TRAIN: x}, {})
    weights, *_ = features.last_layer_parameters(model)
    h = features.extended_features(model, x, 7)
    arrays = {FEATURES_TRAIN: h.astype(np.float32), PARAMETERS: weights.ravel()}
    hdf5.write(tmp_path / "gradients.h5", arrays, {})
    paths = {name: str(tmp_path / f"{name}.h5") for name in ("data", "gradients")}
    return model, x, (h, weights), paths | {"model": str(tmp_path / "model.keras")}


def read(path):
    return hdf5.read(path, INDEX, *boundary.Points._fields)


def test_the_last_layer_is_the_closed_form_of_all_points(files, tmp_path, monkeypatch):
    _, x, (h, weights), paths = files
    monkeypatch.setattr(compute_boundary, "ROWS", 11)
    path = tmp_path / "boundary.h5"
    compute_boundary.compute_boundary(
        paths, "last_layer", SETTINGS | {"norm": "l1"}, "key", path, {"created_by": "test"}
    )
    index, *found = read(path)
    np.testing.assert_array_equal(index, np.arange(len(x)))
    exact = boundary.closed_form(h, weights, "l1")
    np.testing.assert_allclose(found[0], exact.score, rtol=1e-5)
    assert found[1].all() and found[0].dtype == np.float64 and found[2].dtype == np.int64
    assert hdf5.attributes(path) == {"created_by": "test", "scope": "last_layer", "norm": "l1"}


def test_all_layers_takes_the_drawn_points_and_goes_on_after_a_kill(files, tmp_path, monkeypatch):
    model, x, _, paths = files
    monkeypatch.setattr(compute_boundary, "SHARD", 4)
    path = tmp_path / "boundary.h5"
    walk, calls = boundary_layers.walk, []

    def killed(network, part, *arguments, **keywords):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(len(part))
        return walk(network, part, *arguments, **keywords)

    monkeypatch.setattr(boundary_layers, "walk", killed)
    with pytest.raises(KeyboardInterrupt):
        compute_boundary.compute_boundary(paths, "all_layers", SETTINGS, "key", path, {})
    assert not path.exists() and calls == [4, 4]
    calls = [0]
    compute_boundary.compute_boundary(paths, "all_layers", SETTINGS, "key", path, {})
    assert calls == [0, 1] and not list(tmp_path.glob(".boundary-*"))
    index, *found = read(path)
    expected = np.sort(np.random.default_rng(3).choice(30, 9, replace=False))
    np.testing.assert_array_equal(index, expected)
    monkeypatch.setattr(boundary_layers, "walk", walk)
    exact = boundary_layers.deepfool(model, x[index], slots=9)
    np.testing.assert_allclose(found[0], exact.score, rtol=1e-8)
    np.testing.assert_array_equal(found[3], exact.target)

    # more points than there are means all
    compute_boundary.compute_boundary(paths, "all_layers", SETTINGS | {"points": 99}, "key", path, {})
    assert read(path)[0].tolist() == list(range(30))


def test_too_many_slots_are_refused_before_anything_is_copied(files, tmp_path, monkeypatch):
    *_, paths = files
    monkeypatch.setattr(copy_derivatives, "network", None)
    monkeypatch.setattr("attribution.costs.stages.available_memory", lambda: 1000)
    with pytest.raises(MemoryError, match=r"boundary scores needs .* lower boundary\.points\.slots"):
        compute_boundary.compute_boundary(paths, "all_layers", SETTINGS, "key", tmp_path / "boundary.h5", {})


def test_the_workflow_makes_both_scopes(tmp_path):
    from project_copies import copy_of_project, run

    folder = copy_of_project(tmp_path)
    runs = "results/toy/mlp-dropout/seed0"
    run(folder, "--", f"{runs}/boundary.h5", f"{runs}/all_layers/boundary.h5")
    last, every = (read(folder / runs / name) for name in ("boundary.h5", "all_layers/boundary.h5"))
    np.testing.assert_array_equal(last[0], every[0])
    # the last layer is a part of all layers: an optimum over more parameters is nearer, to first order
    both = last[2] & every[2]
    assert both.mean() > 0.95 and np.median(every[1][both] / last[1][both]) < 1
    with h5py.File(folder / runs / "all_layers/boundary.h5") as file:
        assert {"dataset", "model", "seed", "created_by", "settings", "norm", "scope"} <= set(file.attrs)
    assert not Path(folder / runs / "all_layers/gradients.h5").exists()
