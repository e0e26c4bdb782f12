"""Attribution methods: each on closed forms, their files, and what is read of them without importing them."""

import re
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest

import find_groups
import measure_overlap
import measure_retrieval
from attribution.files import hdf5
from attribution.files.results.boundary import INDEX, SCORE
from attribution.files.results.data import INJECTED_PAIRS, SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, LOGITS_TRAIN, RESIDUALS_TRAIN
from attribution.files.results.hessian import CHOLESKY
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM
from attribution.groups import by_pairs, greedy
from attribution.influence import points as influence
from attribution.methods import base, scores, targets, writing
from attribution.methods.distance import neighbours
from attribution.methods.run import Run, of_folder
from attribution.numerics import hessian, residuals, similarity, solvers
from attribution.settings.errors import SettingError
from attribution.workflow import parts, registry
from attribution.workflow import targets as workflow_targets
from helpers import ROOT

N, C = 90, 3


def method(name):
    return base.resolve(registry.METHODS[name])


@pytest.fixture(scope="module")
def run():
    """A last layer in which every array that a method reads is known."""
    rng = np.random.default_rng(0)
    h = np.column_stack([rng.normal(size=(N, 5)), np.ones(N)])
    labels = rng.integers(0, C, N)
    logits = h @ rng.normal(size=(6, C))
    r = residuals.residuals(logits, labels)
    lower = hessian.factor(hessian.hessian_sum(h, logits) / N, 1e-3)
    solve = partial(solvers.exact, lower)
    own, norm = influence.self_influence(h, r, solve)
    x = rng.integers(0, 256, (N, 4, 4), dtype=np.uint8)
    return SimpleNamespace(
        x=x, labels=labels, features=h, embedding=h[:, :-1], residuals=r, logits=logits, own=own, step_norm=norm,
        solve=solve, keys=greedy.tie_keys(x, labels, 0),
        settings={"inspection.neighbours": 6, "boundary.groups.seed": 0},
    )  # fmt: skip


def test_scores_of_points_are_their_definitions_and_unsolved_points_come_last():
    logits = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [0.0, 0.5, 4.0], [1.0, 0.0, 0.0]])
    features = np.array([[1.0], [1.0], [2.0], [1.0]])
    four = SimpleNamespace(
        logits=logits, labels=np.array([0, 0, 1, 0]), features=features, own=np.arange(4.0),
        boundary=(np.arange(4), np.array([0.5, 1.5, 2.5, np.nan])),
    )  # fmt: skip
    found = {
        name: method(name).points(four) for name, text in registry.METHODS.items()
        if hasattr(base.resolve(text), "points") and name != "embedding-neighbours"
    }  # fmt: skip
    np.testing.assert_allclose(found["boundary-label"], np.array([-1, 3, 1.75, -1]) / np.sqrt(2))
    np.testing.assert_array_equal(found["boundary"], [-0.5, -1.5, -2.5, -np.inf])
    np.testing.assert_array_equal(found["boundary-signed"], [-0.5, 1.5, 2.5, -np.inf])
    np.testing.assert_allclose(found["margin"], [-1, 3, 3.5, -1])
    np.testing.assert_allclose(found["loss"], residuals.cross_entropy(logits, four.labels))
    np.testing.assert_array_equal(found["self-influence"], np.arange(4.0))
    two = SimpleNamespace(
        logits=np.array([[1.0], [-2.0]]), labels=np.array([1, 1]), features=np.array([[2.0], [2.0]]),
        boundary=(np.arange(2), np.array([1.0, 2.0])),
    )  # fmt: skip
    np.testing.assert_allclose(method("boundary-label").points(two), [-0.5, 1])
    np.testing.assert_allclose(method("margin").points(two), [-1, 2])
    np.testing.assert_allclose(method("boundary-signed").points(two), [-1, 2])


def test_a_boundary_of_some_points_is_scored_at_those(run):
    index, distance = np.array([4, 11, 60]), np.array([0.3, np.nan, 2.0])
    some = SimpleNamespace(**vars(run) | {"boundary": (index, distance)})
    agrees = run.logits[index].argmax(axis=1) == run.labels[index]
    found = method("boundary-signed").points(some)
    np.testing.assert_array_equal(found, np.where(agrees, [-0.3, -np.inf, -2], [0.3, np.inf, 2]))
    np.testing.assert_array_equal(method("boundary-signed").index(some), index)


def test_neighbours_with_another_label_are_counted_without_the_point_itself(run):
    rng = np.random.default_rng(4)
    embedding, labels = rng.normal(size=(70, 4)), rng.integers(0, 3, 70)
    unit = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    cosine = unit @ unit.T - 9 * np.eye(70)
    nearest = np.argsort(-cosine, axis=1)[:, :6]
    expected = (labels[nearest] != labels[:, None]).mean(axis=1)
    np.testing.assert_allclose(neighbours.other_labels(embedding, labels, 6), expected)
    with pytest.raises(ValueError, match=r"inspection\.neighbours is 70, but there are 70 points"):
        neighbours.other_labels(embedding, labels, 70)


def test_pairs_are_their_definitions(run):
    q = np.array([3, 70])
    g = influence.gradients(run.features, run.residuals)
    kernel = g @ run.solve(g.T)
    length = np.sqrt(np.diag(kernel))
    e, flat = run.embedding, run.x.reshape(N, -1).astype(np.int64)
    cosine = lambda a: (a[q] @ a.T) / np.linalg.norm(a[q], axis=1)[:, None] / np.linalg.norm(a, axis=1)  # noqa: E731
    expected = {
        "influence": kernel[q],
        "objective": 2 * kernel[q] + np.diag(kernel),
        "theta-relative": kernel[q] / np.linalg.norm(run.solve(g.T), axis=0),
        "l-relative": kernel[q] / np.outer(length[q], length),
        "embedding-euclidean": -((e[q][:, None] - e) ** 2).sum(axis=2),
        "embedding-cosine": cosine(e),
        "embedding-cosine-same-class": cosine(e) + 2 * (run.labels[q][:, None] == run.labels),
        "gradient-cosine": cosine(g),
        "pixel-euclidean": -((flat[q][:, None] - flat) ** 2).sum(axis=2),
    }
    given = {name for name, text in registry.METHODS.items() if hasattr(base.resolve(text), "pairs")}
    assert given == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(method(name).pairs(run, q), values, rtol=1e-7, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("direction", ["max", "min"])
def test_groups_of_a_selection_rule_are_those_of_algorithm_1(run, direction):
    for rule in greedy.RULES:
        expected = greedy.grow(
            run.features, run.residuals, run.solve, run.own, run.step_norm, [[5], [8]], 7, rule, direction, run.keys
        )
        found = method(rule).groups(run, [5, 8], 7, direction)
        np.testing.assert_array_equal(found, [group.members for group in expected])


def test_groups_by_distance_and_by_chance(run):
    for metric in ("cosine", "euclidean"):
        found = method(f"embedding-{metric}").groups(run, [5, 8], 7)
        pairs = method(f"embedding-{metric}").pairs(run, np.array([5, 8]))
        for seed, members, scored in zip([5, 8], found, pairs, strict=True):
            assert members[0] == seed
            others = np.setdiff1d(np.argsort(-scored)[:7], seed)
            assert set(members[1:]) == set(others)
    drawn = method("random-class").groups(run, [5, 8], 7)
    for seed, members in zip([5, 8], drawn, strict=True):
        assert members[0] == seed and len(set(members)) == 7 and (run.labels[members] == run.labels[seed]).all()


def write_run(run, folder, pairs=None):
    """The run as files, in the folders of the pipeline."""
    home = folder / "data-set" / "net" / "seed0"
    data = {X_TRAIN: run.x, Y_TRAIN: run.labels, SUBGROUP_TRAIN: run.labels}
    hdf5.write(home.parents[1] / "data.h5", data | ({} if pairs is None else {INJECTED_PAIRS: pairs}), {})
    factors = {FEATURES_TRAIN: run.features, RESIDUALS_TRAIN: run.residuals, LOGITS_TRAIN: run.logits}
    hdf5.write(home / "gradients.h5", factors, {})
    full = hessian.hessian_sum(run.features, run.logits) / N
    hdf5.write(home / "hessian.h5", {CHOLESKY: hessian.factor(full, 1e-3)}, {"solver": "exact"})
    hdf5.write(home / "influence.h5", {SELF_INFLUENCE: run.own, STEP_NORM: run.step_norm}, {})
    found = {INDEX: np.array([3, 5]), SCORE: np.array([1.0, np.nan])}
    hdf5.write(home / "boundary.h5", found, {})
    return of_folder(home, {"influence.cg": {}, "groups.tie_seed": 0, "inspection.neighbours": 4})


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


@pytest.mark.parametrize("name", registry.METHODS)
def test_the_registry_says_of_each_method_what_its_class_says(name):
    found = method(name)
    assert found.family in base.FAMILIES and any(hasattr(found, part) for part in parts.PARTS)
    assert registry.told(name, "needs") == found.needs and registry.told(name, "settings") == getattr(
        found, "settings", ()
    )
    assert set(found.needs) <= {"data", "gradients", "hessian", "influence", "boundary"}
    assert Path(registry.file_of(name)).is_file()


def test_settings_of_a_method_and_what_is_missing():
    config = {"boundary": {"groups": {"seed": 3}, "greedy": {"forms": {}}}, "influence": {"cg": {"tolerance": 1}}}
    assert registry.settings_of("random-class", config, {}) == {"boundary.groups.seed": 3}
    assert registry.settings_of("influence", config, {}) == {"influence.cg": {"tolerance": 1}}
    with pytest.raises(SettingError, match=r"boundary\.greedy\.forms\.exact is missing, and method 'boundary-exact'"):
        registry.settings_of("boundary-exact", config, {})


def test_similarity_of_equal_points_is_ordered_by_keys():
    points = np.zeros((4, 2))
    assert similarity.nearest(points, 2, 3, "euclidean", np.array([9, 1, 5, 0])).tolist() == [2, 3, 1]


@pytest.mark.parametrize("direction", ["max", "min"])
def test_groups_by_pairs_of_influence_are_those_of_algorithm_1(run, direction):
    seeds, excluded = [[5], [8, 30]], np.array([1, 2])
    expected = greedy.grow(
        run.features, run.residuals, run.solve, run.own, run.step_norm, seeds, 12, "influence", direction, run.keys,
        excluded,
    )  # fmt: skip
    found = by_pairs.grow(partial(method("influence").pairs, run), N, seeds, 12, direction, run.keys, excluded)
    for group, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(group.members, other.members)
        np.testing.assert_allclose(group.normalised_influence, other.normalised_influence, rtol=1e-9)
        np.testing.assert_allclose(group.cosine, other.cosine, atol=1e-9)
        assert (group.ties, group.peak) == (other.ties, other.peak)


def test_groups_by_pairs_add_what_scores_most_with_all_members(run):
    pairs = partial(method("embedding-euclidean").pairs, run)
    (group,) = by_pairs.grow(pairs, N, [[5]], 6, "max", run.keys)
    every = pairs(np.arange(N))
    for size in range(1, 6):
        inside = group.members[:size]
        sums = every[inside].sum(axis=0)
        sums[inside] = -np.inf
        assert group.members[size] == sums.argmax()
    assert group.normalised_influence[-1] == pytest.approx(every[np.ix_(group.members, group.members)].sum() / 6)
    with pytest.raises(ValueError, match="stop is turn, but the score of point 5 with itself is "):
        by_pairs.grow(pairs, N, [[5]], 6, "max", run.keys, stop="turn")
    with pytest.raises(ValueError, match="scores of pairs hold NaN"):
        by_pairs.grow(lambda q: np.full((len(q), N), np.nan), N, [[5]], 6, "max", run.keys)


def test_find_groups_takes_a_method_for_its_rule(run, tmp_path):
    found = write_run(run, tmp_path)
    group = {
        "rule": "gradient-cosine", "direction": "max", "adaptive": False, "seeds": [5, 8], "excluded": [3], "size": 7,
        "stop": "size", "tie_seed": 0,
    }  # fmt: skip
    pairs, path = partial(method("gradient-cosine").pairs, found), tmp_path / "groups.h5"
    find_groups.find_groups(found.files, None, group, [], path, {}, pairs)
    (expected, _) = by_pairs.grow(pairs, N, [[5], [8]], 7, "max", run.keys, np.array([3]))
    members, angles = hdf5.read(path, "5/members", "5/cosine")
    np.testing.assert_array_equal(members, expected.members)
    np.testing.assert_array_equal(angles, expected.cosine)
    with h5py.File(path) as file:
        assert file["5"].attrs["rule"] == "gradient-cosine"
    with pytest.raises(ValueError, match=r"groups\.adaptive is true, but rule 'gradient-cosine' is none of influence"):
        find_groups.find_groups(found.files, None, group | {"adaptive": True}, [], path, {}, pairs)


def test_methods_that_the_settings_name_are_checked_before_any_job():
    config = workflow_targets.settings_of(ROOT / "config")
    registry.check(config)
    wrong = {
        "methods.overlap names 'trak', which is no method; allowed are influence": ("methods", {"overlap": ["trak"]}),
        "methods.inspection names 'gradient-cosine', which gives scores of pairs and groups, but no scores of points":
            ("methods", {"inspection": ["gradient-cosine"]}),
        "groups.rule names 'loss', which gives scores of points, but no scores of pairs": ("groups", {"rule": "loss"}),
        "groups.variants.mine.rule names 'cosine', which is no method; allowed are influence":
            ("groups", {"variants": {"mine": {"rule": "cosine"}}}),
        "studies.a.groups.rule names 'cosine'": ("studies", {"a": {"groups": {"rule": "cosine"}}}),
    }  # fmt: skip
    for sentence, (section, change) in wrong.items():
        with pytest.raises(SettingError, match=re.escape(sentence)):
            registry.check(config | {section: config[section] | change})
    registry.check(config | {"groups": config["groups"] | {"rule": "gradient-cosine"}})


def asked_files(files, folder, table, chosen, seeds, size, ends):
    """Groups of methods as files, by name."""
    found = {name: folder / table / f"{name}.h5" for name in chosen}
    for name, path in found.items():
        writing.write_groups(name, method(name), files, seeds, {"size": size, "directions": ends}, path, {})
    return found


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
