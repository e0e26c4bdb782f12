"""explanations.csv: which test points, the user's own rows, and signs that refits without the points bear out."""

import numpy as np
import pandas as pd
import pytest

import explain_method
import list_explanations
from answers_run import L2, NAMES, SETTINGS
from attribution.answers import explanations, targets
from attribution.data.own_rows import Own
from attribution.files import hdf5
from attribution.numerics.residuals import margins
from attribution.retraining import convex
from small_run import method

METHODS = ["last-layer", "l-relative", "embedding-cosine"]
CHOSEN = {"wrong": 3, "uncertain": 2, "each_class": False, "classes": "all", "rows": []}


def listed(run, points=4, **changes):
    files = {name: str(run.folder / "explanations" / f"{name}.h5") for name in METHODS}
    for name, path in files.items():
        explain_method.explain_method(
            name, method(name), run.files, SETTINGS, CHOSEN | changes, {}, 0, "0" * 16, path, {}
        )
    path = run.folder / "explanations.csv"
    list_explanations.list_explanations(run.files["data"], run.files["gradients"], files, points, 0, path)
    return pd.read_csv(path, keep_default_na=False)


@pytest.fixture(scope="module")
def table(run):
    return listed(run, rows=[int(run.index_test[5])])


def test_the_columns_are_those_of_the_page(table):
    assert list(table) == explanations.COLUMNS
    assert list(dict.fromkeys(table.method)) == METHODS and set(table.direction) == {"helpful", "harmful"}
    for _, block in table.groupby(["target_row", "method", "direction"], sort=False):
        assert list(block["rank"]) == list(range(1, len(block) + 1)) and len(block) <= 4
        assert (np.diff(block.attribution.abs()) <= 0).all()


def test_signs_are_those_of_refits_without_each_point(table, run):
    """The margin falls without a helpful point, and rises without a harmful one."""
    place, target_of = {row: i for i, row in enumerate(run.index_train)}, {r: i for i, r in enumerate(run.index_test)}
    for line in table[table.method == "last-layer"].itertuples():
        kept, target = np.arange(90) != place[line.row], target_of[line.target_row]
        weights = convex.fit(run.h[kept], run.y[kept], run.weights, L2)
        h, label = run.h_test[[target]], run.y_test[[target]]
        fall = margins(h @ run.weights, label)[0] - margins(h @ weights, label)[0]
        assert (fall > 0) == (line.direction == "helpful") == (line.attribution > 0)
        # the first order is within a factor of 3 also of the wrong label, which alone holds up its weights
        assert 1 / 3 < fall / line.attribution < 3


def test_rows_and_labels_are_the_users_own(table, run):
    names = np.array(NAMES)
    np.testing.assert_array_equal(table.label, names[run.source["y_train"][table.row]])
    np.testing.assert_array_equal(table.target_label, names[run.source["y_test"][table.target_row]])
    logits = np.column_stack([run.source["x_test"][table.target_row], np.ones(len(table))]) @ run.weights
    np.testing.assert_array_equal(table.prediction, names[logits.argmax(axis=1)])
    np.testing.assert_allclose(table.margin, margins(logits, run.source["y_test"][table.target_row]), atol=1e-9)


def test_similarities_help_by_the_label(table):
    chosen = table[table.method == "embedding-cosine"]
    assert ((chosen.label == chosen.target_label) == (chosen.direction == "helpful")).all()
    assert (chosen.attribution > 0).all()


def test_targets_are_the_named_then_the_wrong_then_the_uncertain(run):
    logits, rows = run.h_test @ run.weights, run.index_test
    margin = margins(logits, run.y_test)
    wrong = np.flatnonzero(margin < 0) if len(NAMES) == 2 else np.flatnonzero(logits.argmax(axis=1) != run.y_test)
    right = np.setdiff1d(np.arange(40), wrong)
    by_margin = lambda points: points[np.argsort(margin[points])].tolist()  # noqa: E731
    expected = [5, *(i for i in by_margin(wrong)[:3] if i != 5), *(i for i in by_margin(right)[:2] if i != 5)]
    own = Own(rows, np.array([f"p{row}" for row in rows], dtype=object))
    for name in (int(rows[5]), f"p{rows[5]}"):
        found = targets.choose(logits, run.y_test, own, NAMES, CHOSEN | {"rows": [name]})
        assert found.tolist() == expected
    each = targets.choose(logits, run.y_test, own, NAMES, CHOSEN | {"wrong": 0, "uncertain": 1, "each_class": True})
    assert run.y_test[each].tolist() == [0, 1, 2]
    of_class = targets.choose(logits, run.y_test, own, NAMES, CHOSEN | {"classes": ["cow"], "uncertain": 9})
    assert set(run.y_test[of_class]) == {2}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rows": [60]}, r"answers.explanations.rows names row 60, and no test point of the data is that row"),
        ({"rows": ["p7"]}, r"answers.explanations.rows names id p7, and no test point of the data is that id of the"),
        ({"classes": ["dog"]}, r"answers.explanations.classes names 'dog', which is no class of the data"),
        ({"wrong": 0, "uncertain": 0}, r"no test point is left to explain; raise answers.explanations.wrong"),
    ],
)
def test_what_cannot_be_explained_is_said(run, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        own = Own(run.index_test, np.full(len(run.index_test), "", dtype=object))
        targets.choose(run.h_test @ run.weights, run.y_test, own, NAMES, CHOSEN | changes)


def test_ends_have_the_right_sign_only():
    keys, same = np.arange(5), np.array([True, False, True, False, True])
    found = explanations.ends(np.array([0.5, -1.0, 0.0, -2.0, 0.1]), True, same, 3, keys)
    assert found["helpful"][0].tolist() == [0, 4] and found["harmful"][0].tolist() == [3, 1]
    found = explanations.ends(np.array([0.5, -1.0, 0.7, -2.0, 0.1]), False, same, 2, keys)
    assert found["helpful"][0].tolist() == [2, 0] and found["harmful"][0].tolist() == [1, 3]
    assert explanations.ends(np.ones(5), True, same, 2, keys)["harmful"][0].tolist() == []


def test_the_written_pairs_say_whether_they_have_a_sign(run, table):
    signed = {name: hdf5.attributes(run.folder / "explanations" / f"{name}.h5")["signed"] for name in METHODS}
    assert signed == {"last-layer": 1, "l-relative": 1, "embedding-cosine": 0}
