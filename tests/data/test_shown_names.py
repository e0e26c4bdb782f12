"""Names of classes that are only shown: no part of what data.h5 is made from, and beside its arrays in named.h5."""

import shutil

import h5py
import numpy as np
import pytest

from attribution import results
from attribution.costs import data_sizes
from attribution.data import data_file, sources, variants
from attribution.files import hdf5
from attribution.results import tables
from attribution.settings import datasets
from attribution.workflow import studies
from helpers import wildcards

MINE = {
    "loader": "npz", "path": "mine.npz", "class_names": ["cat", "dog", "ship"], "classes": ["ship", "cat"],
    "superclasses": {"pet": ["cat"], "boat": ["ship"]}, "subgroup_names": ["old", "new"],
}  # fmt: skip
RENAMED = {
    "loader": "npz", "path": "mine.npz", "class_names": ["Cat", "Dog", "Ship"], "classes": ["Ship", "Cat"],
    "superclasses": {"Pet": ["Cat"], "Boat": ["Ship"]}, "subgroup_names": ["Old", "New"],
}  # fmt: skip


def toy(*names):
    discs = [{"name": name, "class": colour, "train": 2} for name, colour in zip(names, "rrb", strict=True)]
    return {"loader": "toy", "class_names": ["b", "r"], "noise": 0.1, "seed": 0, "discs": discs}


def test_what_data_are_made_from_has_no_name_that_is_only_shown():
    found = datasets.numbered(MINE, False)
    assert found == datasets.numbered(RENAMED, False) and not set("".join(map(str, found.values()))) & {"C", "P", "O"}
    assert found["classes"] == ["2", "0"] and found["superclasses"] == {"0": ["0"], "1": ["2"]}
    assert datasets.labels(found) == ["0", "1"] and datasets.subgroups(found) == ["0", "1"]
    found = datasets.numbered(toy("left", "right", "blue"), False)
    assert found == datasets.numbered(toy("west", "east", "middle"), False)
    assert [disc["class"] for disc in found["discs"]] == ["1", "1", "0"]


def test_names_by_which_the_source_calls_its_classes_stay():
    found = datasets.numbered(MINE, True)
    assert found["class_names"] == MINE["class_names"] and found["classes"] == MINE["classes"]
    assert found["superclasses"] == {"0": ["cat"], "1": ["ship"]} and found != datasets.numbered(RENAMED, True)
    archive = {"loader": "cifar10", "classes": ["dog", "cat"], "superclasses": {"a": ["dog"], "b": ["cat"]}}
    found = datasets.numbered(archive, False)
    assert found["classes"] == ["dog", "cat"] and list(found["superclasses"]) == ["0", "1"]


@pytest.mark.parametrize(
    ("y", "texts"), [(np.arange(3), False), (np.eye(3), False), (np.array([True, False]), False),
                     (np.array(["a", "b"]), True), (np.array([b"a", b"b"]), True)],
)  # fmt: skip
def test_whether_labels_are_texts_is_read_from_the_file(y, texts, tmp_path):
    np.savez(tmp_path / "a.npz", y_train=y)
    (tmp_path / "folder").mkdir()
    np.save(tmp_path / "folder" / "y_train.npy", y)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["y_train"] = y.astype(h5py.string_dtype()) if texts else y
    for loader, path in (("npz", "a.npz"), ("npz", "folder"), ("h5", "a.h5")):
        assert data_sizes.has_text_labels({"loader": loader, "path": str(tmp_path / path)}) is texts
    assert data_sizes.has_text_labels({"loader": "table"}) and not data_sizes.has_text_labels({"loader": "toy"})


def test_seeds_targets_and_classes_of_the_settings_are_those_of_the_data(tmp_path):
    np.savez(tmp_path / "mine.npz", y_train=np.arange(3))
    config = {"datasets": {"mine": MINE | {"path": str(tmp_path / "mine.npz")}}}
    chosen = [3, "new", ["old", 7], {"random": 2, "seed": 0}]
    found = studies.by_number(config, wildcards(dataset="mine"), chosen)
    assert found == [3, "1", ["0", 7], {"random": 2, "seed": 0}]
    assert studies.by_number(config, wildcards(dataset="mine"), ["boat"], datasets.labels) == ["1"]
    np.savez(tmp_path / "texts.npz", y_train=np.array(["cat", "dog", "ship"]))
    plain = {"loader": "npz", "path": str(tmp_path / "texts.npz"), "class_names": ["cat", "dog", "ship"]}
    config = {"datasets": {"mine": plain}}
    assert studies.by_number(config, wildcards(dataset="mine"), ["ship"]) == ["ship"]


@pytest.fixture
def home(tmp_path):
    """data.h5 of numbered settings, as the pipeline makes it, and named.h5 beside it."""
    y = np.arange(30) % 3
    arrays = {"x_train": np.arange(60.0).reshape(30, 2), "y_train": y, "x_test": np.zeros((6, 2)), "y_test": y[:6]}
    ids = np.arange(len(y)).astype(str)
    np.savez(tmp_path / "mine.npz", **arrays | {"id_train": ids, "id_test": ids[:6]})
    shown = {"loader": "npz", "path": str(tmp_path / "mine.npz"), "class_names": ["cat", "dog", "ship"]}
    settings = datasets.numbered(shown, data_sizes.has_text_labels(shown))
    found, classes, _ = sources.read(shown["path"], settings)
    made, facts = variants.make(found, classes, settings, variants.read_pairs(None))
    folder = tmp_path / "results" / "mine"
    names = {"class_names": datasets.labels(shown), "subgroup_names": datasets.subgroups(shown)}
    data_file.write(folder / "data.h5", made, facts.pop("class_names"), classes, facts | {"created_by": "prepare"})
    data_file.name(folder / "data.h5", names, folder / "named.h5", {"created_by": "name"})
    return folder


def test_the_file_with_names_has_the_arrays_of_data_h5_wherever_both_are(home, tmp_path):
    moved = shutil.move(home, tmp_path / "elsewhere")
    for name in ("x_train", "y_test", "index_train"):
        np.testing.assert_array_equal(*(hdf5.read(f"{moved}/{file}.h5", name)[0] for file in ("data", "named")))
    data, named = (hdf5.attributes(f"{moved}/{file}.h5") for file in ("data", "named"))
    assert list(data["class_names"]) == ["0", "1", "2"] and list(named["class_names"]) == ["cat", "dog", "ship"]
    assert named["sha256"] == data["sha256"] and named["rows_train"] == 30 and named["created_by"] == "name"
    assert (tmp_path / "elsewhere" / "named.h5").stat().st_size < 20_000


def test_results_are_told_with_these_names(home):
    run = home / "net" / "seed0"
    hdf5.write(run / "influence.h5", {"self_influence": np.ones(30), "step_norm": np.ones(30)}, {})
    found = results.open(run)
    assert {"x_train", "y_train", "id_train"} <= set(found["data.h5"]) and "y_train" in repr(found["data.h5"])
    assert set(results.points(found)["label"]) == {"cat", "dog", "ship"}
    (home / "named.h5").unlink()
    assert set(results.points(results.open(run))["label"]) == {"0", "1", "2"}


def test_without_names_the_source_s_stay_and_another_number_of_them_is_refused(home):
    data_file.name(home / "data.h5", {}, home / "named.h5", {})
    assert list(hdf5.attributes(home / "named.h5")["class_names"]) == ["0", "1", "2"]
    with pytest.raises(ValueError, match=r"class_names has 2 names, but .*data.h5 has 3: 0, 1, 2"):
        data_file.name(home / "data.h5", {"class_names": ["a", "b"]}, home / "named.h5", {})


def test_seeds_of_groups_are_told_by_the_names_that_are_shown():
    names = ["left", "right"]
    assert tables.seed_name("17 + subgroup 1", names) == "17 + right" and tables.seed_name("5", names) == "5"
    assert tables.seed_name("each_subgroup 0, draw 1", names) == "each_subgroup 0, draw 1"
