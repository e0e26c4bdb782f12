"""Tables that judges write from the files of methods."""

from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest

import measure_overlap
import measure_retrieval
from attribution.evaluation import recovery
from attribution.methods import writing
from small_run import N, asked_files, method, write_run


def test_retrieval_ranks_by_what_the_files_hold(run, tmp_path):
    pairs = np.array([[7, 9], [20, 3], [21, 4], [21, 60]])
    files = write_run(run, tmp_path, pairs)
    scored = {name: tmp_path / "scores" / f"{name}.h5" for name in ("influence", "embedding-cosine")}
    for name, path in scored.items():
        writing.write_scores(name, method(name), files, path, {})
    grown = asked_files(
        files, tmp_path, "retrieval", ["influence", "embedding-euclidean"], pairs[:, 0], 6, ["max", "min"]
    )
    nearest = grown.pop("embedding-euclidean")
    settings = {"cutoffs": [1, 5], "baseline": "embedding-cosine", "resamples": 50, "level": 0.9, "seed": 0}
    measure_retrieval.measure_retrieval(
        files.files | {"nearest": nearest}, files.solve, scored, grown, settings, tmp_path / "retrieval.h5",
        tmp_path / "retrieval.csv", {},
    )  # fmt: skip
    names_of = ["influence-max", "influence-min", "embedding-cosine", "group-influence-max", "group-influence-min"]
    table = pd.read_csv(tmp_path / "retrieval.csv", keep_default_na=False)
    assert list(table[table.baseline == ""].method.unique()) == names_of and (table.seconds > 0).all()
    with h5py.File(tmp_path / "retrieval.h5") as file:
        influences = method("influence").pairs(run, pairs[:, 0])
        for end, signed in (("max", influences), ("min", -influences)):
            expected = [(np.delete(row, q) >= row[p]).sum() for row, (q, p) in zip(signed, pairs, strict=True)]
            np.testing.assert_array_equal(file[f"ranks/influence-{end}"], expected)
            members = file[f"groups/influence-{end}"][()]
            np.testing.assert_array_equal(members, method("influence").groups(run, pairs[:, 0], 6, end))
            inside = [np.flatnonzero(row[1:] == p) for row, (_, p) in zip(members, pairs, strict=True)]
            by_hand = [place[0] + 1 if len(place) else np.inf for place in inside]
            np.testing.assert_array_equal(file[f"ranks/group-influence-{end}"], by_hand)
        np.testing.assert_array_equal(file["nearest"], method("embedding-euclidean").groups(run, pairs[:, 0], 6))
        np.testing.assert_allclose(file["influence/nearest"][0], influences[0, file["nearest"][0]])


def test_overlap_is_the_share_of_members_among_the_neighbours(run, tmp_path):
    files = write_run(run, tmp_path)
    chosen = ["embedding-euclidean", "embedding-cosine", "l-relative"]
    found = asked_files(files, tmp_path, "overlap", chosen, [5, 8, 13], 6, ["min"])
    measure_overlap.measure_overlap(
        files.files["data"], found, "min", tmp_path / "overlap.h5", tmp_path / "overlap.csv", {}
    )
    table = pd.read_csv(tmp_path / "overlap.csv").set_index(["method", "seed", "metric"]).value
    assert len(table) == 3 * (1 + 1 + 3)
    near, group = (method(name).groups(run, [8], 6, "min")[0][1:] for name in ("embedding-cosine", "l-relative"))
    assert table["l-relative", 8, "overlap-cosine"] == len(set(near) & set(group)) / 5
    assert table["l-relative", 8, "same_class"] == (run.labels[group] == run.labels[8]).mean()
    short = SimpleNamespace(family="chance", groups=lambda run, seeds, size, end: [np.arange(s, 9) for s in seeds])
    writing.write_groups(
        "short", short, files, [5, 8, 13], {"size": 6, "directions": ["max"]}, tmp_path / "short.h5", {}
    )
    with pytest.raises(ValueError, match="groups by 'short' have different sizes"):
        measure_overlap.measure_overlap(
            files.files["data"],
            found | {"short": tmp_path / "short.h5"},
            "min",
            tmp_path / "o.h5",
            tmp_path / "o.csv",
            {},
        )


def test_recovery_is_counted_in_the_groups_of_the_files(run, tmp_path):
    subgroup = np.zeros(N, dtype=int)
    subgroup[[5, 6, 9, 20]] = 1

    def rows(groups, family, draws=None):
        given = SimpleNamespace(family=family, groups=lambda run, seeds, size, end: [np.array(groups[0])])
        if draws:
            given.draws = lambda run, seeds, size, rng: [np.array(members) for members in groups]
        asked = {"size": None, "directions": ["max"]} | ({"draws": {"count": draws, "seed": 0}} if draws else {})
        writing.write_groups("mine", given, run, [5], asked, tmp_path / "mine.h5", {})
        return recovery.rows(tmp_path / "mine.h5", "mine", subgroup, 1)

    order = [5, 1, 6, 20, 2, 9, 3]
    (first, last) = rows([order], "distance")
    assert first[:3] == ["mine", "precision", 0.75] and last[:3] == ["mine", "exhausted_at", 6.0]
    assert np.isnan(first[3:5]).all() and first[5] == last[5] > 0
    assert np.isnan(rows([order[:5]], "distance")[1][2])
    ((*_, median, low, high, took),) = rows([[5, 1, 2, 3], [5, 6, 2, 3], [5, 6, 9, 3]], "chance", 3)
    assert (median, low, high) == (0.5, 0.275, 0.725) and np.isnan(took)


def test_the_first_points_of_a_score_are_sought_among_the_closest(run, tmp_path):
    files, path = write_run(run, tmp_path), tmp_path / "scores.h5"
    writing.write_scores("self-influence", method("self-influence"), files, path, {})
    first = np.argsort(-run.own)[:4]
    assert recovery.top_among(path, first[[0, 3]], N, 4) == 0.5
    assert recovery.top_among(path, first[[0, 3]], N, 3) == 1 / 3
    # of the points that were scored, by their own indices: 3 and 5, of which 5 was not solved
    writing.write_scores("boundary", method("boundary"), files, path, {})
    assert recovery.top_among(path, np.array([3]), N, 1) == 1 and recovery.top_among(path, np.array([5]), N, 1) == 0
    files.settings["evaluation.seed"] = 0
    writing.write_scores("random", method("random"), files, path, {})
    assert recovery.top_among(path, first, N, 7) == 4 / N
