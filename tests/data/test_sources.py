"""One's own data as tables, folders of images and labels that are no numbers."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import prepare_arrays
from attribution.costs import data_sizes
from attribution.data import arrays, image_folders, labels, sources, tables
from attribution.files import hdf5, image_names
from attribution.settings import datasets
from attribution.workflow import contents
from own_arrays import good, write

NAMES = ["cat", "dog", "eel"]


def as_texts(content):
    return content | {name: np.array(NAMES)[content[name]] for name in ("y_train", "y_test")}


# labels


@pytest.mark.parametrize("loader", ["npz", "h5"])
@pytest.mark.parametrize("kind", ["texts", "bytes", "one-hot", "column"])
def test_labels_of_every_kind_are_the_same_numbers(tmp_path, loader, kind):
    content = good()
    change = {
        "texts": lambda y: np.array(NAMES)[y], "bytes": lambda y: np.array(NAMES)[y].astype("S"),
        "one-hot": lambda y: np.eye(3, dtype=np.float32)[y], "column": lambda y: np.array(NAMES)[y][:, None],
    }[kind]  # fmt: skip
    changed = content | {name: change(content[name]) for name in ("y_train", "y_test")}
    if loader == "h5":
        changed = {name: a.astype(h5py.string_dtype()) if a.dtype.kind == "U" else a for name, a in changed.items()}
    path = write(tmp_path, loader, changed)
    found, names, _ = sources.read(path, datasets.complete({"loader": loader, "path": str(path)}))
    for name in ("y_train", "y_test"):
        np.testing.assert_array_equal(found[name], content[name])
    assert names == (["0", "1", "2"] if kind == "one-hot" else NAMES)


def test_the_order_of_named_classes_is_theirs_and_booleans_are_false_and_true():
    content = as_texts(good())
    found, names = labels.numbered("a", content, ["eel", "cat", "dog"])
    assert names == ["eel", "cat", "dog"] and found["y_train"][:3].tolist() == [1, 2, 0]
    found, names = labels.numbered("a", {"y_train": np.array([True, False]), "y_test": np.array([True])}, [])
    assert names == ["False", "True"] and found["y_train"].tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"a: y_train holds the label 'eel', but class_names has cat, dog only"):
        labels.numbered("a", content, ["cat", "dog"])
    with pytest.raises(ValueError, match=r"a: y_test holds the label 'fox', but y_train has cat, dog, eel only"):
        labels.numbered("a", content | {"y_test": np.array(["fox"])}, [])


# ids and what to show


def test_ids_and_items_follow_their_points_into_the_data_set(tmp_path):
    content = as_texts(good())
    for part, n in (("train", 30), ("test", 9)):
        content[f"x_{part}"] = np.arange(n, dtype=float)[:, None]
        content[f"id_{part}"] = np.array([f"{part} {i}" for i in range(n)])
        content[f"items_{part}"] = np.array([f"text {i}" * (1 + 9 * (part == "test")) for i in range(n)])
    settings = datasets.complete({"loader": "npz", "path": ""})
    path = tmp_path / "made.h5"
    prepare_arrays.prepare_arrays(write(tmp_path, "npz", content), None, settings, [], path, {})
    with h5py.File(path) as file:
        for part in ("train", "test"):
            x = file[f"x_{part}"][:, 0].astype(int)
            assert file[f"id_{part}"].asstr()[()].tolist() == [f"{part} {i}" for i in x]
            assert file[f"items_{part}"].asstr()[()].tolist() == content[f"items_{part}"][x].tolist()
    assert list(hdf5.attributes(path)["class_names"]) == NAMES
    # names decide no number: the digest is that of the data
    digest = hdf5.attributes(path)["sha256"]
    content["id_train"] = content["id_train"][::-1]
    prepare_arrays.prepare_arrays(write(tmp_path, "npz", content), None, settings, [], path, {})
    assert hdf5.attributes(path)["sha256"] == digest


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"id_train": np.array(["a"] * 30)}, "has an array id_train and no id_test; give both, or leave both out"),
        (
            {"id_train": np.array(["a"] * 29), "id_test": np.array(["a"] * 9)},
            r"id_train has shape \(29,\); expected is",
        ),
    ],
)
def test_ids_of_another_number_are_a_sentence(tmp_path, changed, sentence):
    path = write(tmp_path, "npz", good() | changed)
    with pytest.raises(ValueError, match=sentence):
        arrays.check(path, arrays.read(path, "npz"), [], [])


# tables


@pytest.fixture
def table(tmp_path):
    """60 rows: a number with a hole, a text with a hole, a name."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "name": [f"row {i}" for i in range(60)],
            "size": rng.normal(size=60),
            "colour": np.array(["red", "blue"])[np.arange(60) % 2],
            "kind": np.array(NAMES)[np.arange(60) % 3],
        }
    )
    frame.loc[5, "size"], frame.loc[7, "colour"] = np.nan, None
    frame.to_csv(tmp_path / "a.csv", index=False)
    return tmp_path / "a.csv", frame


def complete(**settings):
    return datasets.complete({"loader": "table", "label": "kind"} | settings)


def test_a_table_is_encoded_by_its_training_rows(table):
    path, frame = table
    # the split of seed 1 has the hole in the training set
    found, facts = tables.read(str(path), complete(id="name", seed=1))
    assert (len(found["x_train"]), len(found["x_test"])) == (48, 12)
    assert facts["columns"] == ["size", "colour=blue", "colour=missing", "colour=red"]
    encoding, rows = json.loads(facts["encoding"]), frame.set_index("name")
    train = rows.loc[found["id_train"]]
    assert encoding["medians"] == {"size": pytest.approx(train["size"].median())}
    for part in ("train", "test"):
        of = rows.loc[found[f"id_{part}"]]
        np.testing.assert_allclose(found[f"x_{part}"][:, 0], of["size"].fillna(encoding["medians"]["size"]))
        np.testing.assert_array_equal(found[f"x_{part}"][:, 3], of["colour"] == "red")
        np.testing.assert_array_equal(found[f"x_{part}"][:, 2], of["colour"].isna())
        np.testing.assert_array_equal(found[f"y_{part}"], of["kind"])
    # the classes in their proportions
    assert np.unique(found["y_test"], return_counts=True)[1].tolist() == [4, 4, 4]


def test_rows_without_names_go_by_their_numbers_and_a_test_set_may_be_a_file(table):
    path, frame = table
    other = path.with_name("b.csv")
    frame.iloc[:6].assign(colour="green").to_csv(other, index=False)
    found, _ = tables.read(str(path), complete(test=str(other), id="name") | {"id": None})
    assert found["id_train"].tolist() == [str(i) for i in range(60)] and len(found["x_test"]) == 6
    # "name" is an input then, and what no training row has is 0 in all of its columns
    columns = tables.read(str(path), complete(test=str(other)))[1]["columns"]
    of_colour = [i for i, name in enumerate(columns) if name.startswith("colour=")]
    assert not found["x_test"][:, of_colour].any()


def test_a_table_as_parquet_is_the_same_table(table):
    path, frame = table
    stored = path.with_suffix(".parquet")
    # whole numbers with a hole, and categories, which CSV does not know
    frame["count"] = pd.array([None, *range(59)], dtype="Int64")
    frame.to_csv(path, index=False)
    frame.assign(colour=frame.colour.astype("category")).to_parquet(stored, index=False)
    of_csv, of_parquet = (tables.read(str(file), complete(id="name")) for file in (path, stored))
    for name, array in of_csv[0].items():
        np.testing.assert_array_equal(array, of_parquet[0][name])
    assert of_csv[1] == of_parquet[1] and tables.columns(str(path)) == tables.columns(str(stored))
    sizes = [data_sizes.of_data({"loader": "table", "label": "kind", "path": str(file)}) for file in (path, stored)]
    assert sizes[0] == sizes[1] and sizes[0]["n"] == 48
    # what is no Parquet is a sentence, and has no size
    stored.write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match=r"a.parquet is no table that pandas reads"):
        tables.columns(str(stored))
    assert data_sizes.of_data({"loader": "table", "label": "kind", "path": str(stored)})["n"] == 0


@pytest.mark.parametrize(
    ("change", "settings", "sentence"),
    [
        (None, {"label": "sort"}, "has no column 'sort', the settings' label; found are name, size, colour, kind"),
        (None, {"id": "nam"}, "has no column 'nam', the settings' id"),
        (lambda frame: frame.assign(kind=frame.kind.where(frame.index != 3)), {}, "has no label in row 3, from 0"),
        (lambda frame: frame.assign(kind=["x"] + ["y"] * 59), {}, "class 'x' has 1 of 60 points, and both parts need"),
        (lambda frame: frame[["kind"]], {}, "has no column but the label and the id"),
    ],
)
def test_a_table_that_cannot_be_is_a_sentence(table, change, settings, sentence):
    path, frame = table
    if change:
        change(frame).to_csv(path, index=False)
    with pytest.raises(ValueError, match=sentence):
        tables.read(str(path), complete(**settings))


def test_what_is_no_table_is_a_sentence(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00a")
    for name in ("a.csv", "absent.csv"):
        with pytest.raises(ValueError, match=rf"{name} (is no table that pandas reads|does not exist)"):
            tables.columns(str(tmp_path / name))


# images


def picture(path, value, size=(4, 6), mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode == "L" else (value, 0, 0)).save(path)


def folder(root, each=5, **changed):
    for number, name in enumerate(NAMES):
        for i in range(each):
            picture(root / name / f"{i}.png", 10 * number + i, **changed)
    return root


def test_a_folder_of_images_is_read_with_its_names(tmp_path):
    root = folder(tmp_path / "all")
    (root / "cat" / "notes.txt").write_text("no image")
    settings = datasets.complete({"loader": "images", "path": str(root)})
    found, names, _ = sources.read(str(root), settings)
    assert names == NAMES and found["x_train"].shape == (12, 6, 4) and found["x_train"].dtype == np.uint8
    for part in ("train", "test"):
        for x, y, name in zip(found[f"x_{part}"], found[f"y_{part}"], found[f"id_{part}"], strict=True):
            assert (x == 10 * y + int(name[-5])).all() and name.startswith(f"{NAMES[y]}/")
    size = data_sizes.of_data({"loader": "images", "path": str(root)})
    assert (size["n"], size["m"], size["shape"]) == (12, 3, (6, 4))


def test_folders_train_and_test_are_the_two_parts_and_colours_are_kept(tmp_path):
    for part in ("train", "test"):
        folder(tmp_path / part, each=2, mode="RGB")
    settings = datasets.complete({"loader": "images", "path": str(tmp_path), "size": [8, 3]})
    found, _ = image_folders.read(str(tmp_path), settings)
    assert found["x_train"].shape == found["x_test"].shape == (6, 8, 3, 3)
    assert found["x_train"][2, 0, 0].tolist() == [10, 0, 0]


def test_images_that_cannot_be_are_a_sentence(tmp_path):
    root = folder(tmp_path / "all")
    settings = datasets.complete({"loader": "images", "path": str(root)})
    picture(root / "dog" / "9.png", 3, size=(5, 5))
    with pytest.raises(ValueError, match=r"dog/9.png is of 5 x 5 pixels and the first of 6 x 4; give size"):
        image_folders.read(str(root), settings)
    (root / "dog" / "9.png").write_bytes(b"none")
    with pytest.raises(ValueError, match=r"dog/9.png is no image that Pillow decodes"):
        image_folders.read(str(root), settings)
    with pytest.raises(ValueError, match=r"in 1 of its folders; expected is a folder for each of two classes"):
        image_names.listed(folder(tmp_path / "one" / "inner", each=1).parent)


def test_another_image_is_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "all", each=1)
    first = contents.digest_of("all")
    picture(tmp_path / "all" / "dog" / "0.png", 99)
    second = contents.digest_of("all")
    (tmp_path / "all" / "dog" / "0.png").rename(tmp_path / "all" / "dog" / "1.png")
    assert len({first, second, contents.digest_of("all")}) == 3
