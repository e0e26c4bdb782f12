"""One's own data: what is accepted, and the one sentence for what is not."""

import numpy as np
import pytest
import scipy.sparse

import prepare_arrays
from attribution.costs import data_sizes
from attribution.data import arrays
from attribution.files import hdf5
from attribution.settings import datasets
from own_arrays import good, write


def load(path, loader="npz", class_names=(), subgroup_names=()):
    return arrays.check(path, arrays.read(path, loader), list(class_names), list(subgroup_names))


@pytest.mark.parametrize("loader", ["npz", "h5"])
@pytest.mark.parametrize("shape", [(5,), (8, 8), (8, 8, 3), (2, 3, 4, 5)])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "int64"])
def test_any_shape_and_number_type_comes_back_as_it_was(tmp_path, loader, shape, dtype):
    content, rng = good(), np.random.default_rng(1)
    for part in ("train", "test"):
        content[f"x_{part}"] = rng.normal(4, 9, (len(content[f"y_{part}"]), *shape)).astype(dtype)
    found = load(write(tmp_path, loader, content), loader)
    for name in content:
        np.testing.assert_array_equal(found[name], content[name])
    assert found["x_train"].dtype == dtype and found["y_train"].dtype == np.int64


@pytest.mark.parametrize("labels", [lambda y: y[:, None], lambda y: y.astype(np.uint8), lambda y: y.astype(float)])
def test_labels_in_a_column_or_of_another_type_are_the_same_labels(tmp_path, labels):
    content = good()
    changed = content | {name: labels(content[name]) for name in ("y_train", "y_test")}
    found = load(write(tmp_path, "npz", changed))
    for name in ("y_train", "y_test"):
        np.testing.assert_array_equal(found[name], content[name])
        assert found[name].dtype == np.int64


def without(name):
    return lambda d: d.pop(name)


def put(name, value):
    return lambda d: d.update({name: value(d[name])})


def spoil(value):
    def change(d):
        d["x_test"][7, 1, 1] = value

    return change


WRONG = [
    (without("y_test"), "has no array y_test; needed are x_train, y_train, x_test, y_test, found x_test"),
    (put("y_train", lambda y: y[:-1]), "x_train has 30 rows and y_train 29; they must be as many"),
    (put("y_train", lambda y: np.eye(3)[y] / 2), "y_train has shape (30, 3); expected is (n,) or (n, 1)"),
    (put("y_train", lambda y: y - 1), "y_train holds -1; expected are numbers from 0 on"),
    (put("y_train", lambda y: y + 1), "y_train holds no point of class 0; labels must be 0 to 3, each used"),
    (put("y_train", lambda y: y * 10**15), "y_train holds no point of class 1"),
    (put("y_test", lambda y: y + 1), "y_test holds label 3, but y_train has classes 0 to 2 only"),
    (put("y_train", lambda y: y * 0.5), "y_train has dtype float64 and values that are no whole numbers"),
    (put("y_train", lambda y: np.where(y == 1, np.nan, y)), "values that are no whole numbers"),
    (lambda d: d.update(y_train=d["y_train"] * 0, y_test=d["y_test"] * 0), "y_train holds one class only"),
    (spoil(np.nan), "x_test holds NaN or infinity, first in row 7"),
    (spoil(-np.inf), "x_test holds NaN or infinity, first in row 7"),
    (put("x_test", lambda x: x[:, :3]), "a point of x_train has shape (4, 3) and of x_test (3, 3)"),
    (put("x_test", lambda x: x.astype(np.uint8)), "x_train has dtype float32 and x_test uint8"),
    (put("x_train", lambda x: x[:, 0, 0]), "x_train has shape (30,); expected is (points, ...)"),
    (put("x_train", lambda x: x[:0]), "x_train has shape (0, 4, 3)"),
    (put("x_train", lambda x: x.astype(complex)), "x_train has dtype complex"),
    (lambda d: d.update(subgroup_train=d["y_train"]), "has an array subgroup_train; give the names of its subgroups"),
]


@pytest.mark.parametrize("loader", ["npz", "h5"])
@pytest.mark.parametrize(("change", "sentence"), WRONG)
def test_what_cannot_be_is_named(tmp_path, loader, change, sentence):
    content = good()
    change(content)
    path = write(tmp_path, loader, content)
    with pytest.raises(ValueError) as error:
        load(path, loader)
    assert sentence in str(error.value)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_classes_of_the_settings_bound_the_labels(tmp_path):
    path = write(tmp_path, "npz", good())
    with pytest.raises(ValueError, match="y_train holds label 2, but class_names has classes 0 to 1 only"):
        load(path, class_names=["a", "b"])
    with pytest.raises(ValueError, match="y_train holds no point of class 3"):
        load(path, class_names=["a", "b", "c", "d"])
    with pytest.raises(ValueError, match="has no array subgroup_train for the settings' subgroup_names"):
        load(path, subgroup_names=["a", "b"])
    path = write(tmp_path, "npz", good() | {"subgroup_train": np.arange(30) % 5})
    with pytest.raises(ValueError, match="subgroup_train holds 4, but subgroup_names has 2 names"):
        load(path, subgroup_names=["a", "b"])


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_nothing_is_unpickled(tmp_path):
    trap = np.array([Trap(tmp_path / "sprung")] * 30, dtype=object)
    path = write(tmp_path, "npz", good() | {"y_train": trap})
    with pytest.raises(ValueError, match="y_train holds Python objects or texts, which are never loaded"):
        load(path)
    trap.dump(tmp_path / "pickle.npz")
    with pytest.raises(ValueError, match=r"is no npz file but a Python pickle"):
        load(tmp_path / "pickle.npz")
    assert not (tmp_path / "sprung").exists()
    path = write(tmp_path, "h5", good() | {"y_train": np.array([b"cat"] * 30, dtype=object)})
    # texts of HDF5 are no pickles: `labels.numbered` reads them before this check
    with pytest.raises(ValueError, match="y_train has dtype <U3 and values that are no whole numbers"):
        load(path, "h5")


@pytest.mark.parametrize("loader", ["npz", "h5"])
def test_a_damaged_file_is_refused(tmp_path, loader):
    path = write(tmp_path, loader, good())
    whole = path.read_bytes()
    middle = len(whole) // 3
    ends = (middle, len(whole) - 40 if loader == "npz" else 200)
    for end in ends:
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match="copy or write it again") as error:
            load(path, loader)
        said = str(error.value)
        assert "\n" not in said and ("cut off" in said or "damaged" in said)
    if loader == "npz":  # its members carry checksums
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        with pytest.raises(ValueError, match=r"x_train is damaged \(Bad CRC"):
            load(path, loader)


def test_a_single_array_is_no_archive(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(ValueError, match="holds a single array, not an npz archive"):
        load(tmp_path / "x.npy")


@pytest.mark.parametrize("loader", ["npz", "h5"])
def test_data_h5_of_ones_own_data(tmp_path, loader):
    content = good() | {"subgroup_train": np.arange(30) % 5}
    path = write(tmp_path, loader, content)
    settings = datasets.complete({"loader": loader, "path": str(path), "subgroup_names": list("vwxyz")})
    prepare_arrays.prepare_arrays(str(path), None, settings, list("vwxyz"), tmp_path / "data.h5.out", {})
    x, index, subgroup = hdf5.read(tmp_path / "data.h5.out", "x_train", "index_train", "subgroup_train")
    np.testing.assert_array_equal(x, content["x_train"][index])
    np.testing.assert_array_equal(subgroup, index % 5)
    facts = hdf5.attributes(tmp_path / "data.h5.out")
    assert list(facts["class_names"]) == ["0", "1", "2"] and list(facts["subgroup_names"]) == list("vwxyz")
    assert len(facts["sha256"]) == 64


def test_a_refused_file_leaves_the_existing_result(tmp_path):
    out = tmp_path / "data.h5.out"
    settings = datasets.complete({"loader": "npz", "path": "data.npz"})
    path = write(tmp_path, "npz", good())
    prepare_arrays.prepare_arrays(str(path), None, settings, [], out, {})
    before = out.read_bytes()
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError):
        prepare_arrays.prepare_arrays(str(path), None, settings, [], out, {})
    assert out.read_bytes() == before


def test_a_sparse_matrix_is_a_sentence_alone_and_inside_an_archive(tmp_path):
    matrix = scipy.sparse.csr_matrix(np.eye(4))
    scipy.sparse.save_npz(tmp_path / "alone.npz", matrix)
    with pytest.raises(ValueError, match=r"alone.npz holds a single sparse matrix .*put it into a folder as x_train"):
        arrays.read(tmp_path / "alone.npz", "npz")
    path = write(tmp_path, "npz", good() | {"x_train": np.array(matrix, dtype=object)})
    with pytest.raises(ValueError, match=r"x_train holds Python objects .*a sparse matrix goes into a file of its own"):
        load(path)
    # its size is asked for before
    assert data_sizes.of_data({"loader": "npz", "path": str(path)})["n"] == 0


@pytest.mark.parametrize("loader", ["npz", "h5"])
def test_points_of_each_class_are_known_before_the_data_is_prepared(tmp_path, loader):
    content = good() | {"y_train": np.array([0, 0, 1] * 10)}
    dataset = {"loader": loader, "path": str(write(tmp_path, loader, content))}
    assert data_sizes.per_class(dataset) == [20, 10]
    for changed in ({"points": 20}, {"flipped": 0.1}, {"path": "absent"}):
        assert data_sizes.per_class(dataset | changed) is None
