"""Points that the user names leave: the last layer refitted, the network trained again, beside random sets."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import plot_named_removal
import refit_without_named
from answers_run import L2
from attribution.data.own_rows import Own
from attribution.files import hdf5
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
    # fewer sets, for whole networks, are the first of them
    _, fewer = named.sets(labels, left, 2, 0)
    np.testing.assert_array_equal(fewer, kept[[0, 1, 2, 3, 52, 53]])


def test_changes_and_their_place_among_random_sets():
    losses = np.array([[1.0, 1, 4], [2, 2, 4], [1, 1, 4], [1, 3, 4], [0, 1, 4], [1, 1, 1]])
    names = ["", "named", "random", "random", "random-class", "random-class"]
    table = named.changes(names, losses, np.array([0, 0, 2]), ["a", "b", "c"], "network")
    assert (table.retrained == "network").all()
    # class b has no test point
    assert list(table["class"].unique()) == ["all", "a", "c"] and len(table) == 15
    assert table[table.set == "named"].change.tolist() == pytest.approx([2 / 3, 1, 0])
    found = named.summary(table, 0.5).set_index(["class", "control"])
    assert found.loc[("a", "random"), "share_as_high"] == pytest.approx(2 / 3)
    assert found.loc[("all", "random"), ["mean", "low", "high"]].tolist() == pytest.approx([1 / 3, 1 / 6, 1 / 2])
    assert found.loc[("c", "random-class"), "share_as_high"] == pytest.approx(2 / 3)


def refitted(run, folder, networks):
    """Paths of the table and the draws without points 4 and 70."""
    removed = [int(run.index_train[4]), int(run.index_train[70])]
    paths = [str(folder / name) for name in ("named_removal.csv", "named_removal_draws.csv")]
    files = run.files
    refit_without_named.refit_without_named(
        files["data"], files["gradients"], None, networks, removed, 9, 0, L2, 0.95, paths
    )
    return paths


def drawn(draws, path):
    plot_named_removal.plot_named_removal(draws, str(ROOT / "config/figures.mplstyle"), 80, str(path))
    return plt.imread(path)


def test_the_table_is_that_of_refits_and_the_figure_is_drawn(run, tmp_path):
    paths = refitted(run, tmp_path, None)
    table = pd.read_csv(paths[0]).set_index(["class", "control"])
    assert (table["retrained"] == "last_layer").all()
    kept = np.setdiff1d(np.arange(len(run.y)), [4, 70])
    before, after = (
        _loss(run.h_test, run.y_test, convex.fit(run.h[rows], run.y[rows], run.weights, L2))
        for rows in (np.arange(len(run.y)), kept)
    )
    assert table.loc[("all", "random"), "change"] == pytest.approx(after - before, abs=1e-8)
    assert (table["draws"] == 9).all() and len(table) == 8
    assert drawn(paths[1], tmp_path / "a.png").std() > 0.05


def test_whole_networks_stand_in_the_same_table_and_in_a_panel_of_their_own(run, tmp_path):
    rng, kind = np.random.default_rng(0), ["", "named", "random", "random", "random-class", "random-class"]
    losses = rng.random((6, len(run.y_test)))
    arrays = {"kept": np.ones((6, 90), dtype=bool), "kind": [name.encode() for name in kind], "losses": losses}
    hdf5.write(tmp_path / "named.h5", arrays, {})
    paths = refitted(run, tmp_path, str(tmp_path / "named.h5"))
    table = pd.read_csv(paths[0]).set_index(["retrained", "class", "control"])
    assert len(table) == 16 and set(table.index.levels[0]) == {"last_layer", "network"}
    bees = run.y_test == 1
    found = table.loc[("network", "bee", "random")]
    before = losses[0, bees].mean()
    assert found[["points", "before", "after", "draws"]].tolist() == pytest.approx(
        [bees.sum(), before, losses[1, bees].mean(), 2]
    )
    assert found["mean"] == pytest.approx(losses[2:4, bees].mean() - before)
    both = drawn(paths[1], tmp_path / "both.png")
    alone = pd.read_csv(paths[1])
    alone[alone.retrained == "network"].to_csv(tmp_path / "alone.csv", index=False)
    # a panel more
    assert both.shape[1] > 1.4 * drawn(str(tmp_path / "alone.csv"), tmp_path / "alone.png").shape[1]


def _loss(h, y, weights):
    logits = h @ weights
    return float(np.mean(np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(y)), y]))
