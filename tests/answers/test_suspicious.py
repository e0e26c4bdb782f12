"""suspicious.csv: a wrong label is first, rows are the user's own, ties and missing scores are as they should be."""

import re

import numpy as np
import pandas as pd
import pytest

import compute_topk
import list_suspicious
from answers_run import NAMES, SETTINGS, WRONG
from attribution.answers import suspicion
from attribution.data import own_rows
from attribution.files import group_folders, hdf5
from attribution.influence import inverse_files
from attribution.methods import writing
from attribution.methods.run import Run
from helpers import ROOT
from small_run import method

METHODS = ["self-influence", "loss", "margin", "embedding-neighbours"]


@pytest.fixture(scope="module")
def table(run):
    scores = {name: str(run.folder / "scores" / f"{name}.h5") for name in METHODS}
    for name, path in scores.items():
        writing.write_scores(name, method(name), Run(run.files, SETTINGS), path, {})
    path = run.folder / "suspicious.csv"
    list_suspicious.list_suspicious(run.files["data"], run.files["gradients"], None, scores, 0, path)
    return pd.read_csv(path, keep_default_na=False)


def test_the_wrong_label_is_first_with_the_class_that_it_should_have(table):
    first = table.iloc[0]
    assert (first.row, first.label, first.suggested) == (WRONG, "bee", "ant")
    assert [first[f"rank_{name}"] for name in METHODS[:3]] == [1, 1, 1]


def test_the_columns_are_those_of_the_page_and_each_training_point_has_a_row(table, run):
    pairs = [f"{kind}_{name}" for name in METHODS for kind in ("score", "rank")]
    assert list(table) == ["row", "id", "label", "suggested", *pairs]
    assert sorted(table.row) == sorted(run.index_train) and (table.id == "").all()
    for name in METHODS:
        assert sorted(table[f"rank_{name}"]) == list(range(1, 91))
        assert (np.diff(table.sort_values(f"rank_{name}")[f"score_{name}"]) <= 0).all()
    assert list(table["rank_self-influence"]) == list(range(1, 91))


def test_rows_are_the_users_own_after_shuffling_and_subsetting(table, run):
    np.testing.assert_array_equal(table.label, np.array(NAMES)[run.source["y_train"][table.row]])
    # what the network would say of the user's own row, where that is not its label
    logits = np.column_stack([run.source["x_train"][table.row], np.ones(90)]) @ run.weights
    logits[np.arange(90), run.source["y_train"][table.row]] = -np.inf
    np.testing.assert_array_equal(table.suggested, np.array(NAMES)[logits.argmax(axis=1)])


def test_equal_scores_go_by_their_keys_and_points_without_a_score_come_last():
    values, keys = np.array([1.0, 3.0, 1.0, 3.0]), np.array([5, 9, 1, 2], dtype=np.uint64)
    np.testing.assert_array_equal(suspicion.ranks(values, keys), [4, 2, 3, 1])
    own = own_rows.Own(np.array([7, 5, 9, 2]), np.array(["g", "e", "i", "b"], dtype=object))
    scores = {"a": (np.array([2.0, 1.0]), np.array([1, 3])), "b": (values, np.arange(4))}
    found = suspicion.table(own, np.zeros(4, int), np.ones(4, int), NAMES, scores, keys)
    assert list(found.row) == [5, 2, 7, 9] and list(found.id) == ["e", "b", "g", "i"]
    assert found.rank_a.tolist()[:2] == [1, 2] and found.rank_a[2:].isna().all() and found.score_a[2:].isna().all()


def test_a_sigmoid_has_another_class_too():
    logits = np.array([[2.0], [-1.0], [3.0]])
    np.testing.assert_array_equal(suspicion.suggested(logits, np.array([1, 1, 0])), [0, 0, 1])


def test_drawn_data_go_by_their_own_order_and_ids_are_read(tmp_path):
    hdf5.write(tmp_path / "toy.h5", {"y_train": np.zeros(3), "y_test": np.zeros(2)}, {})
    for part, n in (("train", 3), ("test", 2)):
        np.testing.assert_array_equal(own_rows.of(tmp_path / "toy.h5", part).rows, np.arange(n))
    arrays = {"y_train": np.zeros(2), "id_train": np.array(["a", "ß"], dtype=object), "index_test": [5], "y_test": [0]}
    hdf5.write(tmp_path / "own.h5", arrays, {})
    assert own_rows.of(tmp_path / "own.h5", "train").ids.tolist() == ["a", "ß"]
    with pytest.raises(ValueError, match="does not say how many training rows its source has"):
        own_rows.of(tmp_path / "own.h5", "test")


def test_the_largest_influences_can_be_read_in_the_users_rows(run, tmp_path):
    solve = inverse_files.open_inverse(run.files, {})
    settings = {"size": 4, "block": 16, "precision": "float64", "tie_seed": 0}
    compute_topk.compute_topk(run.files["data"], run.files["gradients"], solve, settings, "0", tmp_path / "topk.h5", {})
    helpful, train, test = hdf5.read(tmp_path / "topk.h5", "helpful_test", "rows_train", "rows_test")
    np.testing.assert_array_equal(run.source["x_test"][test], hdf5.read(run.files["data"], "x_test")[0])
    # a helpful point's own label is nearly always the target's
    labels = run.source["y_train"][train[helpful]] == run.source["y_test"][test][:, None]
    assert labels.mean() > 0.6
    np.testing.assert_array_equal(run.source["x_train"][train], hdf5.read(run.files["data"], "x_train")[0])


def test_figures_of_groups_name_the_users_rows():
    assert group_folders.images(np.array([17])) == "training image 17"
    assert group_folders.images([17, 203]) == "training images 17, 203"


def test_the_table_becomes_cleanlabs_by_the_lines_of_the_page(table, run, monkeypatch):
    (lines,) = re.findall(
        r"(?ms)^```python\n(import numpy[^`]*is_label_issue.*?)^```", (ROOT / "config/README.md").read_text()
    )
    monkeypatch.setattr(pd, "read_csv", lambda path: table)
    exec(lines, names := {})
    found, rows = names["found"], np.sort(table.row)
    logits = np.column_stack([run.source["x_train"][rows], np.ones(90)]) @ run.weights
    given = run.source["y_train"][rows]
    shares = np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None])
    np.testing.assert_array_equal(found.given_label, np.array(NAMES)[given])
    np.testing.assert_array_equal(found.predicted_label, np.array(NAMES)[logits.argmax(axis=1)])
    np.testing.assert_array_equal(found.is_label_issue, logits.argmax(axis=1) != given)
    np.testing.assert_allclose(found.label_quality, shares[np.arange(90), given], atol=1e-9)
    assert rows[found.is_label_issue].tolist() == [WRONG]
