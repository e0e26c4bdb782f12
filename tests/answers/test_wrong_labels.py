"""Wrong labels that are known: what people said, chance and its controls, and the package cleanlab."""

import itertools

import numpy as np
import pytest
from scipy import stats

from attribution.answers import wrong_labels
from attribution.evaluation import inspection, labels
from attribution.files import hdf5
from attribution.methods.boundary import cleanlab_package, confident_learning

INTERVAL = {"resamples": 400, "level": 0.9, "seed": 0}
NAMES = ["ant", "bee", "cow"]
# of six source rows, row 1 is not drawn
ROWS, Y = np.array([4, 0, 5, 2, 3]), np.array([1, 0, 2, 2, 0])


def data(folder, **more) -> str:
    arrays = {"y_train": Y, "index_train": ROWS} | more
    hdf5.write(folder / "data.h5", arrays, {"class_names": NAMES, "rows_train": 6})
    return str(folder / "data.h5")


def said(folder, *lines: str) -> str:
    (folder / "said.csv").write_text("\n".join(["train_index,label,human_label", *lines]) + "\n")
    return str(folder / "said.csv")


def test_what_people_did_not_name_counts_as_right_where_they_confirmed_nothing(tmp_path, capsys):
    human = said(tmp_path, "0,ant,cow", "5,2,0", "1,1,2")
    found = wrong_labels.of(data(tmp_path), human, NAMES)
    assert list(found) == ["human"]
    assert found["human"].points.tolist() == [0, 1, 2, 3, 4]
    assert found["human"].wrong.tolist() == [False, True, True, False, False]
    assert "2 of its 3 rows are in this data set; 2 labels" in (printed := capsys.readouterr().out)
    assert "3 that it does not name count as right" in printed


def test_with_confirmed_labels_only_the_named_rows_are_judged(tmp_path):
    found = wrong_labels.of(data(tmp_path), said(tmp_path, "0,ant,cow", "4,bee,bee", "3,ant,ant"), NAMES)["human"]
    assert ROWS[found.points].tolist() == [4, 0, 3] and found.wrong.tolist() == [False, True, False]


def test_flipped_labels_are_a_truth_of_their_own(tmp_path, capsys):
    flipped, given = np.arange(5) == 0, np.where(np.arange(5) == 0, 2, Y)
    found = wrong_labels.of(
        data(tmp_path, y_train=given, original_y_train=Y, flipped_train=flipped), said(tmp_path, "0,0,2", "4,1,0"), []
    )
    assert list(found) == ["flipped-20", "human"]
    assert found["flipped-20"].wrong.tolist() == flipped.tolist()
    assert "1 labels that people gave otherwise among 4, of which 3 that" in capsys.readouterr().out
    # row 4 has been flipped, whatever people say
    assert found["human"].points.tolist() == [1, 2, 3, 4] and found["human"].wrong.tolist() == [
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("6,ant,cow", r"line 3, has '6' as train_index; allowed are 0 to 5"),
        ("-1,ant,cow", r"line 3, has '-1' as train_index"),
        ("5,cow,ant", r"line 3, has '5' as train_index for the second time"),
        ("0,ant,dog", r"line 3, has 'dog' as human_label, and classes are ant, bee, cow"),
        ("0,3,ant", r"line 3, has '3' as label"),
        ("0,bee,ant", r"training row 0 has label 'bee', and the data set that it has 'ant'"),
    ],
)
def test_lines_that_cannot_be_are_named(tmp_path, line, message):
    with pytest.raises(ValueError, match=message):
        wrong_labels.of(data(tmp_path), said(tmp_path, "5,cow,bee", line), NAMES)


def test_files_that_say_nothing_are_refused(tmp_path):
    (tmp_path / "other.csv").write_text("train_index,human_label\n0,1\n")
    with pytest.raises(ValueError, match=r"has no column label; human_labels needs train_index, label, human_label"):
        wrong_labels.of(data(tmp_path), str(tmp_path / "other.csv"), NAMES)
    with pytest.raises(ValueError, match=r"by truth 'human' 0 of 5 labels are wrong"):
        wrong_labels.of(data(tmp_path), said(tmp_path, "1,bee,cow"), NAMES)


def test_chance_is_the_mean_over_all_orders():
    wrong = np.array([[True, True, False, False, False]])
    every = [
        labels.average_precision(inspection.order(-np.array(places, dtype=float)), wrong)[0]
        for places in itertools.permutations(range(5))
    ]
    assert labels.chance(5, 2) == pytest.approx(np.mean(every))
    assert labels.chance(50_000, 141) == pytest.approx(141 / 50_000, rel=0.1)


def test_the_shuffled_control_keeps_what_the_label_alone_tells():
    rng = np.random.default_rng(0)
    given = np.repeat([0, 1], [300, 100])
    wrong = np.arange(400) >= 350
    scores = {"label": given * 1.0, "truth": wrong + rng.random(400)}
    found = labels.table({name: each[None] for name, each in scores.items()}, wrong, given, INTERVAL)
    found = found.set_index("method")
    # the label alone: every wrong one is among the hundred of class 1
    assert found.average_precision["label"] == found.shuffled["label"] == pytest.approx(0.5)
    assert found.average_precision["truth"] == 1
    # of its first fifty half are called wrong, as they are of class 1
    assert labels.chance(400, 50) == found.chance["truth"] < found.shuffled["truth"] < 0.5


def test_intervals_hold_the_spread_over_trainings():
    rng = np.random.default_rng(3)
    wrong = np.arange(200) < 20
    good, bad = wrong + 0.5 * rng.random(200), rng.random(200)
    scores = {"good": np.stack([good, good]), "mixed": np.stack([good, bad])}
    found = labels.table(scores, wrong, np.zeros(200), INTERVAL).set_index("method")
    alone = labels.table({"bad": bad[None]}, wrong, np.zeros(200), INTERVAL).set_index("method")
    assert found.loc["good", ["average_precision", "low", "high"]].tolist() == pytest.approx([1, 1, 1])
    mean = (1 + alone.average_precision["bad"]) / 2
    assert found.average_precision["mixed"] == pytest.approx(mean)
    # the same points are drawn for both trainings, so that twice the same one has the interval of one
    pair = labels.table({"bad": np.stack([bad, bad])}, wrong, np.zeros(200), INTERVAL).set_index("method")
    assert pair.loc["bad"].tolist() == pytest.approx(alone.loc["bad"].tolist())
    # both trainings may be drawn to be the good one, or the bad one
    assert found.high["mixed"] == pytest.approx(1) and found.low["mixed"] < alone.high["bad"]
    assert found.loc["good", ["found_low", "found_high", "f1_low", "f1_high"]].tolist() == pytest.approx([1] * 4)
    assert found.found_high["mixed"] == found.f1_high["mixed"] == pytest.approx(1)
    assert found.found_low["mixed"] < alone.found_high["bad"]


def test_intervals_of_what_is_found_are_those_of_the_binomial():
    # 12 of 20 wrong labels among 100 come first, the rest are equal; a sample has B ~ Bin(20, 12 / 20) of the 12, and
    # of its t first points t - B are taken at random from the other 100 - B, of which 20 - B are wrong
    wrong, scores = np.arange(100) < 20, (np.arange(100) < 12) * 1.0
    b = stats.binom(20, 12 / 20).ppf([0.1, 0.9])
    found = {taken: (b + np.maximum(taken - b, 0) * (20 - b) / (100 - b)) / 20 for taken in (10, 20)}
    # more than t of them come first: no more than t are found
    found[10] = np.where(b > 10, 10 / 20, found[10])
    table = labels.table({"one": scores[None]}, wrong, np.zeros(100), INTERVAL | {"resamples": 2000, "level": 0.8})
    assert table.loc[0, ["found_low", "found_high"]].tolist() == pytest.approx(found[10].tolist())
    assert table.loc[0, ["f1_low", "f1_high"]].tolist() == pytest.approx(found[20].tolist())
    assert table.loc[0, ["found_first_10_percent", "f1"]].tolist() == pytest.approx([0.5, (12 + 8 * 8 / 88) / 20])


def test_cleanlab_and_our_confident_learning_call_the_same_labels_wrong():
    pytest.importorskip("cleanlab", reason="the package cleanlab is not installed; make cleanlab does it")
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.3, 0.7], [0.15, 0.85], [0.55, 0.45]])
    y = np.array([0, 0, 0, 1, 1, 1])
    # thresholds 2 / 3 and 2 / 3: row 2 is off the diagonal, and none other; quality by hand, (p_y - p_other + 1) / 2
    found = cleanlab_package.scores(p, y, *cleanlab_package.CONFIDENT)
    np.testing.assert_allclose(found, [0.1, 0.2, 1.7, 0.3, 0.15, 0.55])
    np.testing.assert_allclose(2 * found - 1, confident_learning.scores(p, y))
    rng = np.random.default_rng(0)
    p, y = rng.dirichlet([0.5] * 4, 500), rng.integers(0, 4, 500)
    ours, theirs = confident_learning.scores(p, y), cleanlab_package.scores(p, y, *cleanlab_package.CONFIDENT)
    contradicted = p[np.arange(500), y] < p.max(axis=1)
    off, issues = ours > 1, theirs > 1
    thresholds = np.array([p[y == c, c].mean() for c in range(4)])
    reached = p >= thresholds
    # where several classes are reached, theirs is the most likely of all, reached or not
    alike = (reached.sum(axis=1) < 2) | reached[np.arange(500), p.argmax(axis=1)]
    np.testing.assert_array_equal((off & contradicted)[alike], issues[alike])
    assert issues.sum() > 50 and alike.mean() > 0.9


def test_cleanlab_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cleanlab", None)
    with pytest.raises(ValueError, match=r"need the package cleanlab, which is not installed; run `make cleanlab`"):
        cleanlab_package.scores(np.eye(2), np.arange(2), *cleanlab_package.DEFAULT)
