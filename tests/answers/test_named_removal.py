"""Points that the user names leave: the last layer refitted without them, beside random sets of as many."""

import numpy as np
import pandas as pd
import pytest

import plot_named_removal
import refit_without_named
from answers_run import L2
from attribution.data.own_rows import Own
from attribution.retraining import convex, named
from helpers import ROOT

OWN = Own(np.array([7, 3, 9, 0]), np.array(["g", "c", "j", "a"], dtype=object))


def test_points_are_named_by_own_rows_ids_or_a_file(tmp_path):
    assert named.members(OWN, [0, "c", 7], None).tolist() == [0, 1, 3]
    (tmp_path / "a.csv").write_text("rank,row,id\n1,9,j\n2,7,g\n")
    assert named.members(OWN, [], str(tmp_path / "a.csv")).tolist() == [0, 2]
    (tmp_path / "b.csv").write_text("id\nj\n")
    assert named.members(OWN, [7], str(tmp_path / "b.csv")).tolist() == [0, 2]
    (tmp_path / "c.csv").write_text("place\n1\n")
    for arguments, sentence in (
        (([8], None), "names row 8, which no training point"),
        ((["z"], None), "names id z, which no"),
        (([], None), "names 0 of 4 training points"),
        (([7, 3, 9, 0], None), "names 4 of 4 training points"),
        (([], str(tmp_path / "c.csv")), r"c.csv has no column row or id; found are place"),
    ):
        with pytest.raises(ValueError, match=sentence):
            named.members(OWN, *arguments)


def test_random_sets_are_as_large_and_have_as_many_of_each_class():
    labels, left = np.arange(30) % 3, np.array([0, 3, 6, 1])
    names, kept = named.sets(labels, left, 50, 0)
    assert names == ["", "named", *["random"] * 50, *["random-class"] * 50]
    assert kept[0].all() and np.flatnonzero(~kept[1]).tolist() == [0, 1, 3, 6] and ((~kept[1:]).sum(axis=1) == 4).all()
    counts = np.array([np.bincount(labels[~row], minlength=3) for row in kept[1:]])
    np.testing.assert_array_equal(counts[51:], np.tile([3, 1, 0], (50, 1)))
    assert len(np.unique(counts[1:51], axis=0)) > 1 and len(np.unique(kept, axis=0)) > 90


def test_changes_and_their_place_among_random_sets():
    losses = np.array([[1.0, 1, 4], [2, 2, 4], [1, 1, 4], [1, 3, 4], [0, 1, 4], [1, 1, 1]])
    names = ["", "named", "random", "random", "random-class", "random-class"]
    table = named.changes(names, losses, np.array([0, 0, 2]), ["a", "b", "c"])
    # class b has no test point
    assert list(table["class"].unique()) == ["all", "a", "c"] and len(table) == 15
    assert table[table.set == "named"].change.tolist() == pytest.approx([2 / 3, 1, 0])
    found = named.summary(table, 0.5).set_index(["class", "control"])
    assert found.loc[("a", "random"), "share_as_high"] == pytest.approx(2 / 3)
    assert found.loc[("all", "random"), ["mean", "low", "high"]].tolist() == pytest.approx([1 / 3, 1 / 6, 1 / 2])
    assert found.loc[("c", "random-class"), "share_as_high"] == pytest.approx(2 / 3)


def test_the_table_is_that_of_refits_and_the_figure_is_drawn(run, tmp_path):
    settings, removed = {"draws": 9, "seed": 0}, [int(run.index_train[4]), int(run.index_train[70])]
    paths = [str(tmp_path / name) for name in ("named_removal.csv", "named_removal_draws.csv")]
    files = run.files
    refit_without_named.refit_without_named(files["data"], files["gradients"], None, removed, settings, L2, 0.95, paths)
    table = pd.read_csv(paths[0]).set_index(["class", "control"])
    kept = np.setdiff1d(np.arange(len(run.y)), [4, 70])
    before, after = (
        _loss(run.h_test, run.y_test, convex.fit(run.h[rows], run.y[rows], run.weights, L2))
        for rows in (np.arange(len(run.y)), kept)
    )
    assert table.loc[("all", "random"), "change"] == pytest.approx(after - before, abs=1e-8)
    assert (table["draws"] == 9).all() and len(table) == 8
    style = str(ROOT / "config/figures.mplstyle")
    plot_named_removal.plot_named_removal(paths[1], style, 80, str(tmp_path / "a.png"))
    assert (tmp_path / "a.png").stat().st_size > 5_000


def _loss(h, y, weights):
    logits = h @ weights
    return float(np.mean(np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(y)), y]))
