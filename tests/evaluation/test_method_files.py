"""Files of scores and groups: they give back what the method gave, and refuse what cannot be."""

from functools import partial
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

import known_run
import predict_removals
from attribution.files import hdf5
from attribution.groups import by_pairs
from attribution.methods import scores, targets, writing
from attribution.methods.run import Run
from small_run import N, method, write_run


def test_a_run_reads_what_functions_take_when_it_is_asked(run, tmp_path):
    found = write_run(run, tmp_path)
    for name in ("x", "labels", "features", "embedding", "residuals", "logits", "own", "step_norm", "keys"):
        np.testing.assert_array_equal(getattr(found, name), getattr(run, name), err_msg=name)
    columns = np.eye(len(run.solve(np.zeros((18, 1)))))[:, :4]
    np.testing.assert_allclose(found.solve(columns), run.solve(columns))
    np.testing.assert_array_equal(found.boundary[0], [3, 5])
    # only what is asked for is read: the other files may not even be there
    lazy = Run({"data": tmp_path / "data-set/data.h5"})
    np.testing.assert_array_equal(lazy.labels, run.labels)


def test_files_give_back_what_the_method_gave(run, tmp_path):
    pairs = np.array([[7, 9], [20, 3], [21, 4]])
    files, path = write_run(run, tmp_path, pairs), tmp_path / "scores.h5"
    writing.write_scores("boundary", method("boundary"), files, path, {"dataset": "data-set"})
    values, index, took = scores.points(path, "inspection")
    assert values.tolist() == [-1.0, -np.inf] and index.tolist() == [3, 5] and took is None
    with pytest.raises(ValueError, match="'boundary' gives no scores of pairs, which retrieval needs; take it out of"):
        scores.pairs(path, "retrieval")
    facts = hdf5.attributes(path)
    assert facts["family"] == "boundary" and facts["dataset"] == "data-set" and facts["method"] == "boundary"
    assert facts["seconds"] >= 0 and 10 << 20 < facts["peak_memory"] < 100 << 30
    writing.write_scores("l-relative", method("l-relative"), files, path, {})
    score, directions, took = scores.pairs(path, "retrieval")
    assert directions == ("max", "min") and took > 0
    np.testing.assert_array_equal(score(np.array([20, 7])), method("l-relative").pairs(files, pairs[:, 0])[[1, 0]])
    with pytest.raises(ValueError, match="holds no scores of target 9"):
        score(np.array([9]))
    writing.write_scores("embedding-neighbours", method("embedding-neighbours"), files, path, {})
    assert scores.points(path, "inspection")[2] > 0


def test_factors_stand_for_their_product(run, tmp_path):
    left, right = np.random.default_rng(1).normal(size=(N, 4)), np.random.default_rng(2).normal(size=(N, 4))
    factored = SimpleNamespace(family="influence", factors=lambda run, q: (left[q], right))
    files, path = write_run(run, tmp_path, np.array([[7, 9], [20, 3]])), tmp_path / "scores.h5"
    writing.write_scores("factored", factored, files, path, {})
    with h5py.File(path) as file:
        assert "pairs" not in file
    score, directions, _ = scores.pairs(path, "retrieval")
    assert directions == ("max",)
    np.testing.assert_allclose(score(np.array([20, 7])), left[[20, 7]] @ right.T, atol=1e-13)


def test_groups_come_back_without_what_fills_their_rows(run, tmp_path):
    short = SimpleNamespace(family="chance", groups=lambda run, seeds, size, end: [np.arange(s, 9) for s in seeds])
    path = tmp_path / "groups.h5"
    writing.write_groups("short", short, run, [7, 4], {"size": 5, "directions": ["min"]}, path, {})
    found, seeds, _ = scores.groups(path, "overlap", "min")
    assert [members.tolist() for members in found] == [[7, 8], [4, 5, 6, 7, 8]] and seeds.tolist() == [7, 4]
    asked = {"size": 4, "directions": ["max", "min"]}
    writing.write_groups("influence", method("influence"), run, [7, 4], asked, path, {})
    for end in ("max", "min"):
        np.testing.assert_array_equal(
            scores.groups(path, "overlap", end)[0], method("influence").groups(run, [7, 4], 4, end)
        )
    # a method of pairs alone has groups by Algorithm 1
    (grown,) = by_pairs.grow(partial(method("gradient-cosine").pairs, run), N, [[7]], 4, "max", run.keys)
    writing.write_groups("gradient-cosine", method("gradient-cosine"), run, [7], asked, path, {})
    np.testing.assert_array_equal(scores.groups(path, "overlap")[0][0], grown.members)
    with pytest.raises(ValueError, match="'loss' gives scores of points, but no groups"):
        writing.write_groups("loss", method("loss"), run, [7], asked, path, {})


def test_chance_draws_many_groups_of_all_points_from_a_seed(run, tmp_path):
    path, draws = tmp_path / "groups.h5", {"count": 3, "seed": 2}
    asked = {"size": None, "directions": ["max"], "draws": draws}
    writing.write_groups("random-class", method("random-class"), run, [7, 4], asked, path, {})
    found, seeds, _ = scores.groups(path, "recovery")
    assert seeds.tolist() == [7, 7, 7, 4, 4, 4]
    expected = method("random-class").draws(run, [7, 7, 7, 4, 4, 4], N, np.random.default_rng(2))
    for members, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(members, other)
    # another method has one group a seed, of all points
    writing.write_groups("input-euclidean", method("input-euclidean"), run, [7], asked, path, {})
    ((members,), _, _) = scores.groups(path, "recovery")
    assert sorted(members) == list(range(N)) and members[0] == 7


def test_scores_that_cannot_be_are_refused(run, tmp_path):
    files, path = write_run(run, tmp_path), tmp_path / "scores.h5"
    with pytest.raises(ValueError, match="'influence' gives no scores of points, and no injected images"):
        writing.write_scores("influence", method("influence"), files, path, {})
    bad = SimpleNamespace(family="chance", points=lambda run: np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="1 scores of points by method 'bad' are NaN"):
        writing.write_scores("bad", bad, files, path, {})
    assert not path.exists()
    with pytest.raises(ValueError, match="has no injected pairs"):
        targets.seeds(files.files["data"], {"injected": "only"}, [])


def test_the_seeds_of_a_table(run, tmp_path):
    asked = {"injected": "first", "seeds": [4, 2]}
    data = write_run(run, tmp_path).files["data"]
    assert targets.seeds(data, asked, []) == [4, 2]
    data = write_run(run, tmp_path, np.array([[7, 9], [20, 3]])).files["data"]
    assert targets.seeds(data, asked, []) == [7, 20] and targets.seeds(data, asked | {"injected": "never"}, []) == [
        4,
        2,
    ]


def test_predictions_for_groups_carry_what_their_method_took(tmp_path):
    home, path = known_run.write(tmp_path, known_run.clusters()), tmp_path / "falls.h5"
    files = {name: home / f"{name}.h5" for name in ("gradients", "hessian")} | {"data": home.parents[1] / "data.h5"}
    drawn = {"targets": 5, "seed": 1, "groups": {"shares": [0.1, 0.2], "draws": 2, "seed": 0}}
    given, attributes = method("newton"), {"dataset": "data-set", "settings": "{}"}
    predict_removals.predict_removals(
        "newton", given, files, {"influence.cg": {}}, drawn, {}, 0, path, attributes
    )  # fmt: skip
    facts, (asked, kept, falls) = hdf5.attributes(path), hdf5.read(path, "targets", "kept", "falls")
    assert facts["method"] == "newton" and facts["family"] == "influence" and facts["settings"] == "{}"
    assert facts["seconds"] >= 0 and 10 << 20 < facts["peak_memory"] < 100 << 30
    run = Run(files, {"influence.cg": {}}, tested=True)
    np.testing.assert_allclose(falls, given.falls(run, asked, kept))
