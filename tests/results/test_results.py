"""attribution.results: what a run's files hold, as arrays and tables, without the libraries that computed them."""

import os
import shutil
import subprocess
import sys
import tomllib

import h5py
import numpy as np
import pandas as pd
import pytest

import known_run
from attribution import results
from attribution.files import hdf5
from attribution.numerics import residuals
from helpers import ROOT, SCRIPTS

# a run is read where none of the libraries that compute can be imported
WITHOUT = """
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "keras", "scipy", "sklearn", "yaml", "snakemake", "matplotlib"}:
            raise AssertionError(f"imports {name}")

sys.meta_path.insert(0, Refused())
from attribution import results
run = results.open(sys.argv[1])
print(len(results.points(run)), len(results.groups(run)), run["influence.h5"]["influence"].shape)
"""


@pytest.fixture(scope="module")
def arrays():
    return known_run.clusters()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, arrays):
    return known_run.write(tmp_path_factory.mktemp("known"), arrays)


def test_an_array_is_that_of_the_file_and_its_rows_come_in_any_order(folder):
    run = results.open(folder)
    with h5py.File(folder / "influence.h5") as file:
        stored = file["influence"][()]
    np.testing.assert_array_equal(run["influence.h5"]["influence"], stored)
    np.testing.assert_array_equal(run["influence.h5"].rows("influence", [7, 2, 7]), stored[[7, 2, 7]])
    assert set(run["influence.h5"]) == {"self_influence", "step_norm", "influence", "targets"}
    assert run["groups.h5"].attributes["dataset"] == "data-set"
    assert run["groups.h5"].attributes_of("3")["rule"] == "l-relative"


def test_points_have_the_labels_predictions_and_scores_of_the_files(folder, arrays):
    table = results.points(results.open(folder))
    (logits,) = hdf5.read(folder / "gradients.h5", "logits_train")
    (own,) = hdf5.read(folder / "influence.h5", "self_influence")
    (loss,) = hdf5.read(folder / "scores/loss.h5", "points")
    classes = np.array(["cat", "dog", "ship"])
    assert list(table["row"]) == list(arrays["index_train"])
    assert list(table["label"]) == list(classes[arrays["y_train"]])
    assert list(table["prediction"]) == list(classes[logits.argmax(axis=1)])
    np.testing.assert_array_equal(table["self_influence"], own)
    np.testing.assert_array_equal(table["score_loss"], loss)
    wrong = table["prediction"] != table["label"]
    assert wrong.any() and (table["margin"][wrong] < 0).all()
    np.testing.assert_allclose(table["margin"], residuals.margins(logits, arrays["y_train"]), rtol=1e-12)
    tested = results.points(results.open(folder), "test")
    assert list(tested["row"]) == list(arrays["index_test"] - 60) and "self_influence" not in tested


@pytest.mark.parametrize(("logit", "label", "margin", "named"), [(2.0, 1, 2.0, 1), (2.0, 0, -2.0, 1), (-3, 0, 3, 0)])
def test_a_single_logit_speaks_for_class_1(logit, label, margin, named):
    from attribution.results import tables

    assert tables.margins(np.array([[logit]]), np.array([label])) == [margin]
    assert tables.predictions(np.array([[logit]])) == [named]


@pytest.mark.parametrize("shape", [(1,), (2,), (5,), (3, 1), (3, 4)])
def test_the_two_readings_of_classes_are_one(shape):
    from attribution.results import tables

    # many of them equal, and 0
    logits = np.random.default_rng(0).integers(-2, 3, (200, *shape)).astype(float)
    whole = np.concatenate([np.zeros_like(logits), logits], axis=-1) if shape[-1] == 1 else logits
    for read in (tables.predictions, residuals.predictions):
        found = read(logits)
        # no logit is larger, and none before it is as large
        taken = np.take_along_axis(whole, found[..., None], axis=-1)
        before = np.arange(whole.shape[-1]) < found[..., None]
        assert found.dtype == np.int64 and (whole <= taken).all() and (whole < taken)[before].all()


def test_points_held_out_are_told_by_the_users_rows(folder, tmp_path):
    rows = np.array([40, 7, 12])
    held = {"x_validation": np.zeros((3, 2)), "y_validation": np.array([2, 0, 1]), "index_validation": rows}
    hdf5.write(tmp_path / "data.h5", held, {"class_names": ["cat", "dog", "ship"], "rows_train": 60})
    found = results.points({name: results.open(folder)[name] for name in ("gradients.h5", "influence.h5")}
                           | {"data.h5": results.open(tmp_path)["data.h5"]}, "validation")  # fmt: skip
    assert found.to_dict("list") == {"row": rows.tolist(), "label": ["ship", "cat", "dog"]}


def test_groups_are_members_in_order_with_the_users_rows(folder, arrays):
    table = results.groups(results.open(folder))
    for seed in known_run.GROUP["seeds"]:
        members, influence = hdf5.read(folder / "groups.h5", f"{seed}/members", f"{seed}/normalised_influence")
        own = table[table["group"] == str(seed)]
        assert list(own["index"]) == list(members) and list(own["step"]) == list(range(len(members)))
        assert list(own["row"]) == list(arrays["index_train"][members])
        np.testing.assert_array_equal(own["normalised_influence"], influence)


def test_what_joined_after_a_group_stopped_is_of_its_growth_alone(folder):
    path = folder / "groups-cut.h5"
    shutil.copy(folder / "groups.h5", path)
    with h5py.File(path, "r+") as file:
        file.attrs["variant"] = "-cut"
        file["3"].attrs["stopped"] = 4
        del file["8"].attrs["stopped"]  # as files are that do not tell the group from its growth
    try:
        run = results.open(folder)
        for growth, sizes in ((False, {"3": 4, "8": 9}), (True, {"3": 9, "8": 9})):
            table = results.groups(run, growth=growth)
            table = table[table["variant"] == "cut"]
            assert table.groupby("group").size().to_dict() == sizes
            (members, cosine) = hdf5.read(path, "3/members", "3/cosine")
            own = table[table["group"] == "3"]
            assert list(own["index"]) == list(members[: sizes["3"]])
            np.testing.assert_array_equal(own["cosine"], cosine[: sizes["3"]])
    finally:
        path.unlink()


def test_parts_have_sizes_and_shares_of_classes(folder, arrays):
    labels = np.where(arrays["y_train"] == 0, 0, 1)
    hdf5.write(
        folder / "partition.h5",
        {"kernel/labels": labels, "kernel/normalised_influence": [2.0, 3.0], "kernel/sized/classes": labels},
        {},
    )
    try:
        run = results.open(folder)
        found = results.parts(run)
        assert list(found["method"]) == ["kernel", "kernel"] and list(found["size"]) == [20, 40]
        assert list(found["share_cat"]) == [1.0, 0.0] and list(found["share_dog"]) == [0.0, 0.5]
        assert list(results.points(run)["part_kernel"]) == list(labels)
    finally:
        (folder / "partition.h5").unlink()


def test_a_csv_file_is_a_table_and_a_text_an_str(folder):
    run = results.open(folder)
    assert "history.csv" not in run
    (folder / "history.csv").write_text("epoch,loss\n1,0.5\n")
    with h5py.File(folder / "texts.h5", "w") as file:
        file["ids"] = ["a", "ü"]
    try:
        run = results.open(folder)
        pd.testing.assert_frame_equal(run["history.csv"], pd.DataFrame({"epoch": [1], "loss": [0.5]}))
        assert list(run["texts.h5"]["ids"]) == ["a", "ü"] and list(run["texts.h5"].rows("ids", [1])) == ["ü"]
    finally:
        (folder / "history.csv").unlink()
        (folder / "texts.h5").unlink()


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (lambda run: run["partition.h5"],
         r"seed0 has no partition.h5; it has data.h5, .*scores/ \(2 files\); `snakemake -- .*partition.h5` makes it"),
        (lambda run: run["infuence.h5"], r"did you mean influence.h5\?$"),
        (lambda run: run["groups.h5"]["members"], r"groups.h5 has no array 'members'; it has 3/cosine, 3/members"),
        (lambda run: run["groups.h5"].attributes_of("4"), "has no array '4'"),
        (lambda run: run["influence.h5"].rows("influence", [60]), "influence has rows 0 to 59, not 60"),
        (lambda run: run["influence.h5"].rows("influence", [-1]), "influence has rows 0 to 59, not -1"),
        (lambda run: results.groups(run, "all_layers"), "seed0 has no all_layers/groups.h5"),
        (lambda run: results.suspicious(run), "seed0 has no suspicious.csv"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_with_what_there_is(folder, asked, sentence):
    with pytest.raises((KeyError, IndexError), match=sentence):
        asked(results.open(folder))


@pytest.mark.parametrize("name", ["data-set/net/seed1", "data-set/nett/seed0", "data-sat/net/seed0"])
def test_a_run_that_is_not_there_is_said_with_the_runs_that_are(folder, name):
    above = folder.parents[2]
    with pytest.raises(FileNotFoundError, match=r"does not exist; runs below .*data-set/net/seed0"):
        results.open(above / name)
    with pytest.raises(FileNotFoundError, match=r"holds no results; runs below .*data-set/net/seed0"):
        results.open(above)


def test_reading_loads_nothing_that_computes_and_what_pip_installs_is_enough(folder, tmp_path):
    """The folders that pyproject.toml names, elsewhere, in a process where the libraries that compute are refused."""
    chosen = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    for name in chosen:
        home = tmp_path.joinpath(*name.split("."))
        home.mkdir(parents=True, exist_ok=True)
        for path in SCRIPTS.joinpath(*name.split(".")).glob("*.py"):
            (home / path.name).write_text(path.read_text())
    # Python may go by its name, see `environment.interpreter`
    environment = {"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", WITHOUT, str(folder)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["60", "18", "(60,", "60)"]
