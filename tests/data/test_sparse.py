"""One's own data as sparse matrices of SciPy, in a folder with a file for each array and as parts of one file."""

import json

import numpy as np
import pytest
import scipy.sparse
import yaml

from attribution.costs import data_sizes
from attribution.data import arrays, new_study, sources
from attribution.settings import datasets
from own_arrays import write


def matrices(seed=0):
    """Numbers of few digits, so that float32 has them exactly."""
    rng = np.random.default_rng(seed)
    rows = {"x_train": 30, "x_test": 9}
    dense = {name: rng.integers(0, 3, (n, 7)) * (rng.random((n, 7)) < 0.3) / 4 for name, n in rows.items()}
    return dense, {"y_train": np.arange(30) % 3, "y_test": np.arange(9) % 3}


def parts(name, matrix):
    return {f"{name}_{part}": getattr(matrix, part) for part in ("data", "indices", "indptr")} | {
        f"{name}_shape": np.array(matrix.shape)
    }


@pytest.fixture
def folder(tmp_path):
    """A folder as users of TfidfVectorizer have it: two matrices, labels, and texts as lists."""
    dense, labels = matrices()
    home = tmp_path / "mine"
    home.mkdir()
    scipy.sparse.save_npz(home / "x_train.npz", scipy.sparse.csr_matrix(dense["x_train"]))
    scipy.sparse.save_npz(home / "x_test.npz", scipy.sparse.csc_array(dense["x_test"]))
    for name, y in labels.items():
        np.save(home / f"{name}.npy", y)
        texts = [f"text {i}\nof two lines" * (i + 1) for i in range(len(y))]
        (home / f"{name.replace('y_', 'items_')}.json").write_text(json.dumps(texts))
    (home / "notes.md").write_text("no array")
    return home


def test_a_folder_with_sparse_matrices_is_dense_float32_with_its_texts(folder):
    dense, labels = matrices()
    dataset = {"loader": "npz", "path": str(folder)}
    found, names, _ = sources.read(str(folder), datasets.complete(dataset))
    for name, x in dense.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], x)
    np.testing.assert_array_equal(found["y_train"], labels["y_train"])
    assert found["items_train"][29] == "text 29\nof two lines" * 30 and names == ["0", "1", "2"]
    size = data_sizes.of_data(dataset)
    assert (size["n"], size["m"], size["shape"], size["sample_bytes"]) == (30, 9, (7,), 28)
    assert data_sizes.per_class(dataset) == [10, 10, 10]


@pytest.mark.parametrize("loader", ["npz", "h5"])
def test_the_parts_of_a_matrix_in_one_file_are_the_matrix(tmp_path, loader):
    dense, labels = matrices()
    content = dict(labels)
    for name, x in dense.items():
        content |= parts(name, scipy.sparse.csr_array(x))
    path = write(tmp_path, loader, content)
    found = arrays.read(path, loader)
    assert found.keys() == {"x_train", "x_test", "y_train", "y_test"}
    for name, x in dense.items():
        np.testing.assert_array_equal(found[name], x)
    if loader == "npz":
        size = data_sizes.of_data({"loader": loader, "path": str(path)})
        assert (size["n"], size["m"], size["shape"]) == (30, 9, (7,))
    # a column that is not there
    with pytest.raises(ValueError, match=r"x_train_data, .* make no sparse matrix .*x.shape of a scipy"):
        arrays.read(write(tmp_path, loader, content | {"x_train_shape": np.array([30, 2])}), loader)


def test_matrices_that_would_be_too_large_are_a_sentence_with_their_size(folder):
    # 39 rows of 7 numbers of 4 bytes
    settings = datasets.complete({"loader": "npz", "path": str(folder), "dense_gb": 1091e-9})
    with pytest.raises(ValueError, match=r"x_train 30 x 7 and x_test 9 x 7 take 1.09e-06 GB .*raise dense_gb"):
        sources.read(str(folder), settings)
    sources.read(str(folder), settings | {"dense_gb": 1093e-9})


def test_a_column_of_texts_that_would_be_too_large_is_a_sentence(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("words,kind\n" + "".join(f"text {i},{i % 2}\n" for i in range(20)))
    settings = datasets.complete({"loader": "table", "label": "kind", "path": str(path), "dense_gb": 1e-6})
    with pytest.raises(ValueError, match=r"a.csv: column 'words' has 16 different texts, .*take 2.56e-06 GB"):
        sources.read(str(path), settings)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x_train.npz", b"PK", r"x_train.npz is no sparse matrix of SciPy .*scipy.sparse.save_npz"),
        ("y_train.npy", b"\x93NUMPY", r"y_train.npy is no array of NumPy, or damaged"),
        ("items_train.json", b'{"a": 1}', r"items_train.json is no list of texts or numbers"),
        ("items_train.json", b"[", r"items_train.json is no JSON in UTF-8"),
    ],
)
def test_a_file_of_a_folder_that_cannot_be_is_a_sentence(folder, name, content, sentence):
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        arrays.read(str(folder), "npz")


def test_a_folder_without_an_array_names_it(folder):
    (folder / "y_test.npy").unlink()
    with pytest.raises(ValueError, match=r"mine has no array y_test; needed are"):
        arrays.read(str(folder), "npz")


def test_settings_are_written_from_a_folder_of_arrays(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    written = yaml.safe_load(new_study.settings("mine", "mine"))
    assert written["datasets"]["mine"] == {"loader": "npz", "path": "mine", "class_names": ["0", "1", "2"]}
