"""Caches for large data: blocks of rows in files, float32 features, the Hessian and its factor without copies."""

import json
import signal
import subprocess
import sys
import time

import h5py
import keras
import numpy as np
import pytest

import cache_gradients
import cache_hessian
from attribution.files import hdf5
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN
from attribution.files.results.hessian import CHOLESKY, HESSIAN
from attribution.influence import features, inverse
from attribution.influence import points as influence
from attribution.networks import build as models
from attribution.numerics import hessian, solvers
from attribution.numerics.residuals import probabilities, residuals
from helpers import script_environment

pytestmark = pytest.mark.slow

START = 600  # seconds after which a process that does not begin is taken to hang
RECIPE = {"architecture": "mlp", "hidden": [9, 6], "dropout": 0.0, "l1": 0.0, "l2": 0.01}
DAMPING = {"mode": "relative", "value": 1e-3}


@pytest.fixture(scope="module", params=[2, 5], ids=["sigmoid", "softmax"])
def files(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(150, 4)).astype(np.float32), rng.integers(0, request.param, 150)
    hdf5.write(
        folder / "data.h5",
        {X_TRAIN: x[:110], Y_TRAIN: y[:110], X_TEST: x[110:], Y_TEST: y[110:]},
        {},
    )
    models.build(RECIPE, (4,), request.param, 0).save(folder / "model.keras")
    return folder


def cached(folder, name, batch, storage):
    path = folder / name
    cache_gradients.cache_gradients(
        folder / "data.h5", folder / "model.keras", "last_layer", batch, storage, "key", path, {"created_by": "test"}
    )
    with h5py.File(path) as file:
        return {name: array[()] for name, array in file.items()}


def test_gradients_are_those_of_one_pass_whatever_the_block(files):
    network = keras.models.load_model(files / "model.keras", compile=False)
    weights, _, _ = features.last_layer_parameters(network)
    found = cached(files, "gradients.h5", 16, "float64")
    for part in ("train", "test"):
        x, y = hdf5.read(files / "data.h5", f"x_{part}", f"y_{part}")
        h = features.extended_features(network, x, 1000)
        # a batch of another size may take another kernel of the network's library
        np.testing.assert_allclose(found[f"features_{part}"], h, rtol=1e-5, atol=1e-6)
        logits = found[f"features_{part}"] @ weights
        np.testing.assert_allclose(found[f"logits_{part}"], logits, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(found[f"residuals_{part}"], residuals(logits, y), rtol=1e-9)
    assert hdf5.attributes(files / "gradients.h5") == {"created_by": "test"}
    assert not list(files.glob(".*"))


CHILD = """
import json, sys
import cache_gradients
from attribution.files import resume
a = json.loads(sys.argv[1])
cache_gradients.SHARD = 1
cache_gradients.cache_gradients(a["data"], a["model"], "last_layer", a["batch"], "float64",
    resume.digest({"batch": a["batch"]}, [a["data"], a["model"]]), a["path"], {})
"""


def test_a_killed_cache_resumes_with_equal_arrays(tmp_path):
    rng, n, m = np.random.default_rng(0), 20_000, 2000
    x, y = rng.normal(size=(n + m, 4)).astype(np.float32), rng.integers(0, 3, n + m)
    hdf5.write(
        tmp_path / "data.h5",
        {X_TRAIN: x[:n], Y_TRAIN: y[:n], X_TEST: x[n:], Y_TEST: y[n:]},
        {},
    )
    models.build(RECIPE, (4,), 3, 0).save(tmp_path / "model.keras")

    def child(folder):
        arguments = {
            "data": str(tmp_path / "data.h5"), "model": str(tmp_path / "model.keras"), "batch": 50,
            "path": str(tmp_path / folder / "gradients.h5"),
        }  # fmt: skip
        environment = script_environment(TF_CPP_MIN_LOG_LEVEL="3")
        return subprocess.Popen(
            [sys.executable, "-c", CHILD, json.dumps(arguments)], env=environment, stderr=subprocess.DEVNULL
        )

    folder, finished = tmp_path / "killed", []
    for least in (20, 150):
        going, until = child("killed"), time.monotonic() + START
        try:
            while len(list(folder.glob(".gradients-*/x_train-*.h5"))) < least:
                assert going.poll() is None and time.monotonic() < until
                time.sleep(0.005)
        finally:
            going.kill()
            assert going.wait() == -signal.SIGKILL
        (shards,) = folder.iterdir()
        finished.append({file.name: file.stat().st_mtime_ns for file in shards.glob("[!.]*.h5")})
    # the second child kept what the first had finished
    assert finished[0].items() <= finished[1].items() and len(finished[1]) < (n + m) // 50
    assert child("killed").wait() == 0
    assert [file.name for file in folder.iterdir()] == ["gradients.h5"]
    assert child("whole").wait() == 0
    with h5py.File(tmp_path / "whole/gradients.h5") as whole, h5py.File(folder / "gradients.h5") as killed:
        assert whole.keys() == killed.keys() and whole[FEATURES_TRAIN].shape == (n, 7)
        for name in whole:
            np.testing.assert_array_equal(whole[name][()], killed[name][()])


def test_parts_of_any_number_of_batches_give_the_same_arrays(files, monkeypatch):
    expected = cached(files, "whole.h5", 16, "float64")
    for shard in (1, 3):
        monkeypatch.setattr(cache_gradients, "SHARD", shard)
        found = cached(files, f"parts-{shard}.h5", 16, "float64")
        assert found.keys() == expected.keys()
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name])


def test_float32_storage_loses_nothing_of_a_float32_network(files):
    double, single = cached(files, "double.h5", 16, "float64"), cached(files, "single.h5", 16, "float32")
    assert double.keys() == single.keys()
    for name, array in single.items():
        assert array.dtype == (np.float32 if name.startswith("features") else np.float64)
        np.testing.assert_array_equal(array.astype(np.float64), double[name])
    hessians = {}
    for name in ("double", "single"):
        paths = {"gradients": files / f"{name}.h5"}
        out = files / f"hessian-{name}.h5"
        cache_hessian.cache_hessian(paths, "last_layer", "exact", 16, DAMPING, out, {})
        hessians[name] = hdf5.read(out, HESSIAN, CHOLESKY)
    for one, other in zip(hessians["double"], hessians["single"], strict=True):
        np.testing.assert_array_equal(one, other)
    lower = hessians["double"][1]
    found = [
        influence.self_influence(a["features_train"], a["residuals_train"], lambda b: solvers.exact(lower, b))
        for a in (double, single)
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "gradients.h5"
    hdf5.write(path, {"a": np.arange(3)}, {})
    with pytest.raises(RuntimeError), hdf5.writing(path, {}) as file:
        file.create_dataset("a", data=np.zeros(3))
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["gradients.h5"]
    assert hdf5.read(path, "a")[0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("c", [1, 2, 10])
def test_hessian_of_a_file_is_the_dense_one(tmp_path, c):
    rng = np.random.default_rng(c)
    n, d = 400, 13
    h = rng.normal(size=(n, d)).astype(np.float32)
    logits = 3 * rng.normal(size=(n, c))
    p = probabilities(logits)
    middle = np.einsum("nc,ce->nce", p, np.eye(c)) - np.einsum("nc,ne->nce", p, p)
    wide = h.astype(np.float64)
    dense = np.einsum("nce,na,nb->acbe", middle, wide, wide).reshape(d * c, d * c)
    hdf5.write(tmp_path / "h.h5", {"h": h}, {})
    with hdf5.opened(tmp_path / "h.h5", "h") as (stored,):
        for rows in (None, 7):
            found = hessian.hessian_sum(stored, logits, rows)
            np.testing.assert_allclose(found, dense, rtol=1e-10, atol=1e-11)
            np.testing.assert_array_equal(found, found.T)
        assert np.isclose(hessian.trace_closed_form(stored, logits, rows=9), np.trace(dense) / n)


def test_hessian_of_certain_points_is_not_zero():
    found = hessian.hessian_sum(np.ones((1, 1)), np.array([[60.0, 0.0]]))
    # p (1 - p) with p = 1 to rounding, which 1 - p would lose
    expected = np.exp(-60.0) * np.array([[1.0, -1.0], [-1.0, 1.0]])
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_the_softmax_null_space_is_exact():
    rng = np.random.default_rng(0)
    d, c = 7, 4
    found = hessian.hessian_sum(rng.normal(size=(50, d)), rng.normal(size=(50, c)))
    # adding one vector to every class column changes no probability
    null = np.repeat(np.eye(d), c, axis=0)
    assert np.abs(found @ null).max() <= 1e-13 * np.abs(found).max()


def test_smallest_eigenvalue_with_the_factor():
    rng = np.random.default_rng(0)
    k = 300
    q, _ = np.linalg.qr(rng.normal(size=(k, k)))
    for smallest in (0.0, 0.02, -1e-4):
        values = np.concatenate([np.full(20, smallest), np.geomspace(0.05, 1e3, k - 20)])
        matrix = (q * values) @ q.T
        lower = hessian.factor((matrix + matrix.T) / 2, 1e-3)
        assert hessian.smallest_from_factor(lower, 1e-3) == pytest.approx(smallest, abs=1e-7)
        assert hessian.smallest_eigenvalue(matrix) == pytest.approx(smallest, abs=1e-9)


def test_large_matrices_record_the_same_facts(monkeypatch):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(80, 60))
    matrix = a.T @ a / 80
    expected_arrays, expected = inverse.cache_of_factor(matrix.copy(), DAMPING, float(np.trace(matrix)))
    monkeypatch.setattr(hessian, "LARGE", 10)
    arrays, found = inverse.cache_of_factor(matrix, DAMPING, float(np.trace(matrix)))
    assert found.pop("smallest_eigenvalue") == pytest.approx(expected.pop("smallest_eigenvalue"), rel=1e-4)
    assert found == expected
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected_arrays[name])
    np.testing.assert_array_equal(matrix, a.T @ a / 80)


@pytest.mark.parametrize("order", ["C", "F"])
def test_solve_by_the_factor_in_either_order(order):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(40, 30))
    matrix, b = a.T @ a, rng.normal(size=(30, 5))
    lower = np.array(hessian.factor(matrix, 0.1), order=order)
    assert lower.flags.c_contiguous == (order == "C")
    kept = b.copy()
    np.testing.assert_allclose(solvers.exact(lower, b), np.linalg.solve(matrix + 0.1 * np.eye(30), b), rtol=1e-9)
    np.testing.assert_allclose(solvers.whiten(lower, b), np.linalg.solve(lower, b), rtol=1e-9)
    np.testing.assert_array_equal(b, kept)
