"""topk.h5 against the whole matrix: values, order, ties, blocks, permutation, kill and resume."""

import json
import signal
import subprocess
import sys
import time
import tracemalloc
from functools import partial

import h5py
import numpy as np
import pytest

import compute_influence
import compute_topk
import find_groups
from attribution.costs import stages as cost
from attribution.files import hdf5, resume
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TEST, FEATURES_TRAIN, RESIDUALS_TEST, RESIDUALS_TRAIN
from attribution.files.results.hessian import CHOLESKY
from attribution.files.results.influence import INFLUENCE, SELF_INFLUENCE, TARGETS
from attribution.groups import greedy
from attribution.influence import inverse, topk
from attribution.influence import points as influence
from attribution.numerics import hessian, residuals, solvers
from helpers import script_environment

pytestmark = pytest.mark.slow

START = 600  # seconds after which a process that does not begin is taken to hang
SETTINGS = {"size": 7, "block": 16, "precision": "float64", "tie_seed": 0}
# float32 products against float64, relative to the largest influence of a target
FLOAT32 = 1e-5


def problem(n=90, m=40, d=6, c=4, seed=0):
    """Factors of a synthetic softmax layer; `solve` is the damped inverse of its Hessian."""
    rng = np.random.default_rng(seed)
    h = np.concatenate([rng.normal(size=(n + m, d - 1)), np.ones((n + m, 1))], axis=1).astype(np.float32)
    weights = rng.normal(size=(d, c))
    logits = h.astype(np.float64) @ weights
    labels = rng.integers(0, c, n + m)
    r = residuals.residuals(logits, labels)
    lower = hessian.factor(hessian.hessian_sum(h[:n], logits[:n]) / n, 1e-3)
    return {"x": h, "y": labels, "h": h, "r": r, "logits": logits, "n": n, "lower": lower}


def solve_of(p):
    return partial(solvers.exact, p["lower"])


def full(p, targets):
    n = p["n"]
    return influence.all_pairs(p["h"][targets], p["r"][targets], p["h"][:n], p["r"][:n], solve_of(p))


def sorted_ends(matrix, own, size):
    """Both ends of each row by a full sort."""
    matrix = matrix.copy()
    columns = []
    for sign in (-1, 1):
        if own is not None:
            matrix[np.arange(len(matrix)), own] = sign * np.inf
        columns.append(np.argsort(-matrix if sign < 0 else matrix, axis=1, kind="stable")[:, :size])
    return columns


def write_files(p, folder, storage=np.float64):
    n = p["n"]
    folder.mkdir(parents=True, exist_ok=True)
    hdf5.write(folder / "data.h5", {X_TRAIN: p["x"][:n], Y_TRAIN: p["y"][:n], Y_TEST: p["y"][n:]}, {})
    hdf5.write(
        folder / "gradients.h5",
        {
            FEATURES_TRAIN: p["h"][:n].astype(storage),
            RESIDUALS_TRAIN: p["r"][:n],
            FEATURES_TEST: p["h"][n:].astype(storage),
            RESIDUALS_TEST: p["r"][n:],
        },
        {},
    )


def computed(p, folder, settings=SETTINGS, storage=np.float64):
    write_files(p, folder, storage)
    path = folder / "topk.h5"
    compute_topk.compute_topk(
        folder / "data.h5", folder / "gradients.h5", solve_of(p), settings, "key", path, {"created_by": "test"}
    )
    with h5py.File(path) as file:
        return {name: array[()] for name, array in file.items()}


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_topk_equals_a_full_sort(tmp_path, precision):
    p = problem()
    found = computed(p, tmp_path, SETTINGS | {"precision": precision})
    n = p["n"]
    for name, targets, own in (("train", np.arange(n), np.arange(n)), ("test", np.arange(n, n + 40), None)):
        matrix = full(p, targets)
        for end, expected in zip(("helpful", "harmful"), sorted_ends(matrix, own, 7), strict=True):
            columns, values = found[f"{end}_{name}"], found[f"{end}_{name}_influence"]
            assert columns.dtype == np.int64 and values.dtype == np.float64
            exact = np.take_along_axis(matrix, columns, axis=1)
            scale = np.abs(matrix).max(axis=1, keepdims=True)
            tolerance = 1e-12 if precision == "float64" else FLOAT32
            assert (np.abs(values - exact) <= tolerance * scale).all()
            assert (np.abs(exact - np.take_along_axis(matrix, expected, axis=1)) <= tolerance * scale).all()
            if precision == "float64":
                np.testing.assert_array_equal(columns, expected)
    assert not (found["helpful_train"] == np.arange(n)[:, None]).any()
    assert not (found["harmful_train"] == np.arange(n)[:, None]).any()


def test_blocks_and_storage_do_not_change_the_result(tmp_path):
    p = problem()
    whole = computed(p, tmp_path / "whole", SETTINGS | {"block": 1000})
    for name, block, storage in (("one", 1, np.float64), ("seven", 7, np.float64), ("stored", 16, np.float32)):
        parts = computed(p, tmp_path / name, SETTINGS | {"block": block}, storage)
        assert parts.keys() == whole.keys() and len(whole) == 10
        for key in whole:
            if key.endswith("influence"):
                np.testing.assert_allclose(parts[key], whole[key], rtol=1e-9, atol=1e-12)
            else:
                np.testing.assert_array_equal(parts[key], whole[key])


@pytest.mark.parametrize("size", [1, 5, 60, 200])
def test_largest_equals_a_full_sort_with_ties_by_key(size):
    rng = np.random.default_rng(size)
    # few different values, so that the cut falls among equals
    values = rng.integers(-3, 4, (9, 201)).astype(np.float32)
    values[3] = 0.0
    values[4, 10] = -np.inf
    keys = rng.permutation(201).astype(np.uint64)
    columns, found = topk.largest(values, size, keys)
    for row, chosen, best in zip(values, columns, found, strict=True):
        expected = sorted(range(201), key=lambda j: (-row[j], keys[j]))[:size]
        assert chosen.tolist() == expected
        np.testing.assert_array_equal(best, row[expected])


def test_a_permutation_of_the_training_points_permutes_the_lists(tmp_path):
    p = problem()
    # equal influences: a training point of zero gradient is tied with every other one
    n = p["n"]
    p["r"][5:40] = 0.0
    first = computed(p, tmp_path / "first", SETTINGS | {"size": 60})
    order = np.concatenate([np.random.default_rng(1).permutation(n), np.arange(n, len(p["x"]))])
    moved = p | {name: p[name][order] for name in ("x", "y", "h", "r", "logits")}
    second = computed(moved, tmp_path / "second", SETTINGS | {"size": 60})
    live = np.setdiff1d(np.arange(n), np.arange(5, 40))
    for end in ("helpful", "harmful"):
        np.testing.assert_array_equal(order[second[f"{end}_test"]], first[f"{end}_test"])
        rows = np.argsort(order[:n])[live]
        np.testing.assert_array_equal(order[second[f"{end}_train"]][rows], first[f"{end}_train"][live])
    zeros = first["helpful_test_influence"] == 0
    assert (zeros.sum(axis=1) > 5).any(), "the test must hold ties"


def test_certain_points_are_ranked_in_float32(tmp_path):
    p = problem()
    p["r"] = p["r"] * 10.0 ** -np.arange(len(p["r"]))[:, None]
    n = p["n"]
    found = topk.of_targets(
        p["h"][60:80], p["r"][60:80], np.arange(60, 80), p["h"][:n], p["r"][:n], solve_of(p), 3,
        np.arange(n), np.float32,
    )  # fmt: skip
    matrix = full(p, np.arange(60, 80))
    expected = sorted_ends(matrix, np.arange(60, 80), 3)
    np.testing.assert_array_equal(found.helpful, expected[0])
    np.testing.assert_array_equal(found.harmful, expected[1])
    np.testing.assert_allclose(found.helpful_influence, np.take_along_axis(matrix, found.helpful, 1), rtol=1e-4)


def test_bad_sizes_and_values_are_sentences(tmp_path):
    p = problem(n=20, m=4)
    with pytest.raises(ValueError, match=r"influence\.topk\.size is 20 with 20 training points; .* at most 19"):
        computed(p, tmp_path, SETTINGS | {"size": 20})
    assert not (tmp_path / "topk.h5").exists()
    p["r"][3] = np.nan
    with pytest.raises(ValueError, match="NaN or infinite"):
        computed(p, tmp_path, SETTINGS)


def study(folder, d=6, n=90):
    """Files of a last layer, with its groups' settings."""
    p = problem(n=n, d=d)
    write_files(p, folder)
    with h5py.File(folder / "data.h5", "a") as file:
        file[SUBGROUP_TRAIN] = np.zeros(n, dtype=np.int64)
    hdf5.write(folder / "hessian.h5", {CHOLESKY: p["lower"]}, {"solver": "exact", "scope": "last_layer"})
    files = {name: folder / f"{name}.h5" for name in ("data", "gradients", "hessian", "influence")}
    group = {"seeds": [0, 1], "excluded": [], "tie_seed": 0, "size": 8, "rule": "influence", "direction": "max",
             "stop": "size", "adaptive": False}  # fmt: skip
    return files, inverse.from_factor(files["hessian"]), group


def stages(files, solve, group, folder):
    """The three stages after the Hessian, with the setting that each refusal names."""
    return (
        ("influence", "influence.storage to float32 or influence.solver to cg", lambda: (
            compute_influence.compute_influence(
                files["gradients"], solve, files["data"], [0, 1], 1.0, [], files["influence"], {}))),
        ("top-k influence", "lower influence.topk.block or set influence.solver to cg", lambda: (
            compute_topk.compute_topk(
                files["data"], files["gradients"], solve, SETTINGS, "key", folder / "topk.h5", {}))),
        ("groups", "give fewer groups.seeds or set influence.solver to cg", lambda: (
            find_groups.find_groups(files, solve, group, [], folder / "groups.h5", {}))),
    )  # fmt: skip


def test_each_stage_that_would_not_fit_is_refused_before_it_reads(tmp_path, monkeypatch, capsys):
    files, solve, group = study(tmp_path)
    for name, _, run in stages(files, solve, group, tmp_path):
        run()
        assert f"{name}: " in capsys.readouterr().out
    made = [files["influence"], tmp_path / "topk.h5", tmp_path / "groups.h5"]
    before = [path.read_bytes() for path in made]
    monkeypatch.setattr(cost, "available_memory", lambda: 1000)
    for name, remedy, run in stages(files, solve, group, tmp_path):
        with pytest.raises(MemoryError, match=rf"^{name} needs .*; .*{remedy}") as error:
            run()
        assert "\n" not in str(error.value)
    assert [path.read_bytes() for path in made] == before
    with pytest.raises(MemoryError, match=r"set groups\.adaptive to false$"):
        find_groups.find_groups(files, solve, group | {"adaptive": True}, [], tmp_path / "groups.h5", {})


def test_stages_take_no_more_than_predicted_and_not_much_less(tmp_path, monkeypatch):
    files, solve, group = study(tmp_path, d=150, n=2500)
    predicted = []
    monkeypatch.setattr(cost, "require", lambda label, found, *_: predicted.append(found["bytes"]))
    for name, _, run in [
        *stages(files, solve, group | {"size": 3}, tmp_path),
        # the products of many members hold more than their growth
        stages(files, solve, group | {"size": 500, "seeds": [0], "stop": "split"}, tmp_path)[-1],
    ]:
        tracemalloc.start()
        run()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # beside it `all_pairs` holds CHUNK_BYTES of gradients, and their factors in its layout
        assert 0.4 * predicted[-1] < peak <= predicted[-1] + 3 * influence.CHUNK_BYTES, (name, peak, predicted[-1])


CHILD = """
import json, sys
from functools import partial
import numpy as np
import compute_topk
from attribution.files import resume
from attribution.numerics import solvers
a = json.loads(sys.argv[1])
compute_topk.compute_topk(a["data"], a["gradients"], partial(solvers.exact, np.load(a["lower"])), a["settings"],
    resume.digest(a["settings"], [a["gradients"], a["data"]]), a["path"], {})
"""


def test_a_killed_run_resumes_with_equal_arrays(tmp_path):
    p = problem(n=3000, m=300, d=17, c=5)
    write_files(p, tmp_path)
    np.save(tmp_path / "lower.npy", p["lower"])
    settings = SETTINGS | {"block": 20}

    def child(folder):
        arguments = {
            "data": str(tmp_path / "data.h5"),
            "gradients": str(tmp_path / "gradients.h5"),
            "lower": str(tmp_path / "lower.npy"),
            "settings": settings,
            "path": str(tmp_path / folder / "topk.h5"),
        }
        (tmp_path / folder).mkdir(exist_ok=True)
        environment = script_environment(OMP_NUM_THREADS="1")
        return subprocess.Popen([sys.executable, "-c", CHILD, json.dumps(arguments)], env=environment)

    assert child("whole").wait() == 0
    folder = tmp_path / "killed"
    finished = []
    for least in (20, 70):
        going, until = child("killed"), time.monotonic() + START
        try:
            while len(list(folder.glob(".topk-*/train-*.h5"))) < least:
                assert going.poll() is None and time.monotonic() < until
                time.sleep(0.002)
        finally:
            going.kill()
            assert going.wait() == -signal.SIGKILL
        assert not (folder / "topk.h5").exists()
        (shards,) = folder.glob(".topk-*")
        finished.append({file.name: file.stat().st_mtime_ns for file in shards.glob("[!.]*.h5")})
    # the second child kept what the first had finished
    assert finished[0].items() <= finished[1].items()
    assert child("killed").wait() == 0
    assert [file.name for file in folder.iterdir()] == ["topk.h5"]
    with h5py.File(tmp_path / "whole/topk.h5") as whole, h5py.File(folder / "topk.h5") as killed:
        assert whole.keys() == killed.keys()
        for name in whole:
            np.testing.assert_array_equal(whole[name][()], killed[name][()])


def test_the_digest_follows_settings_and_files(tmp_path):
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        file.write_text(file.name)
    first = resume.digest({"a": 1, "b": 2}, files)
    assert first == resume.digest({"b": 2, "a": 1}, files[::-1])
    swapped = resume.digest({"a": 2, "b": 1}, files)
    files[0].write_text("other")
    assert len({first, swapped, resume.digest({"a": 1, "b": 2}, files)}) == 3


def test_a_matrix_over_the_limit_is_refused_and_a_list_is_written(tmp_path):
    p = problem()
    write_files(p, tmp_path)
    n = p["n"]
    with h5py.File(tmp_path / "data.h5", "a") as file:
        file[SUBGROUP_TRAIN] = np.arange(n) % 2
    path = tmp_path / "influence.h5"
    call = partial(compute_influence.compute_influence, tmp_path / "gradients.h5", solve_of(p), tmp_path / "data.h5")
    with pytest.raises(ValueError, match=r"influence\.targets asks for a matrix of 90 x 90 .* influence\.matrix_gb"):
        call("all", 8 * 89 * 90 / 1e9, ["a", "b"], path, {})
    assert not path.exists()
    call([3, 80, 7], 8 * 3 * 90 / 1e9, ["a", "b"], path, {})
    found, targets, own = hdf5.read(path, INFLUENCE, TARGETS, SELF_INFLUENCE)
    assert targets.tolist() == [3, 80, 7]
    np.testing.assert_allclose(found, full(p, [3, 80, 7]), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(own, np.diag(full(p, np.arange(n))), rtol=1e-9)


def test_blocks_of_targets_fill_the_matrix_in_order(tmp_path, monkeypatch):
    p = problem()
    write_files(p, tmp_path)
    monkeypatch.setattr(compute_influence, "BLOCK", 17)
    path = tmp_path / "influence.h5"
    compute_influence.compute_influence(
        tmp_path / "gradients.h5", solve_of(p), tmp_path / "data.h5", "all", 1.0, [], path, {}
    )
    (found,) = hdf5.read(path, INFLUENCE)
    np.testing.assert_allclose(found, full(p, np.arange(p["n"])), rtol=1e-9, atol=1e-12)


def test_keys_do_not_depend_on_blocks(tmp_path, monkeypatch):
    p = problem()
    write_files(p, tmp_path)
    monkeypatch.setattr(compute_topk, "ROWS", 11)
    expected = greedy.tie_keys(p["x"][: p["n"]], p["y"][: p["n"]], 3)
    np.testing.assert_array_equal(compute_topk.tie_keys(tmp_path / "data.h5", 3), expected)
