"""Draws from a class or subgroup that is smaller than what is asked for: as many as there are, or one sentence."""

import numpy as np
import pandas as pd
import pytest

import compare_boundary_groups
import find_boundary_groups
from attribution.boundary import groups as boundary_groups
from attribution.boundary import grow as boundary_greedy
from attribution.data import seed_points, variants
from attribution.files import hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.groups import growth
from attribution.methods.chance import random_class
from attribution.retraining import subsets
from attribution.settings import datasets
from boundary_files import CG, GROUPS, TRAINING, grown
from boundary_layer import SETTINGS, layer


def rare(files, few):
    """The study's data, of which only so many points are left of the second class's two clusters."""
    x, y, subgroup = hdf5.read(files["data"], X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    y = np.zeros_like(y)
    y[:few] = 1
    hdf5.write(files["data"], {X_TRAIN: x, Y_TRAIN: y, SUBGROUP_TRAIN: subgroup},
             hdf5.attributes(files["data"]))  # fmt: skip


@pytest.mark.parametrize("few", [1, 2, 5])
def test_groups_of_a_class_that_is_smaller_than_they_are(study, tmp_path, few):
    rare(study, few)
    path = tmp_path / "boundary_overlap.csv"
    forms = {
        "exact": {"from": "all", "count": 0}, "mean": {"from": "class", "count": 0},
        "universal": {"from": "embedding", "count": 10},
    }  # fmt: skip
    found = grown(study, tmp_path, forms, 5, [{"each_class": 1, "seed": 0}])
    compare_boundary_groups.compare_boundary_groups(study["data"], found, 5, path)
    table = pd.read_csv(path)
    (_, y) = hdf5.read(study["data"], X_TRAIN, Y_TRAIN)
    found = table[table.metric == "found"].pivot(index="method", columns="seed", values="value")
    small = found.columns[y[found.columns] == 1]
    assert len(small) == 1
    for method in ("random-class", "boundary-mean", "boundary-universal"):
        assert found.loc[method, small[0]] == (few - 1) / 4
    assert (found.drop(columns=small) == 1).all().all() and (found.loc["l-relative"] == 1).all()
    same = table[(table.metric == "same_class") & (table.method == "random-class")]
    assert (same.value == 1).all() and len(same) == (2 if few > 1 else 1)


def test_random_members_are_the_same_where_the_class_is_large():
    y = np.repeat([0, 1], [30, 3])
    drawn = random_class.of_class(y, 4, 5, np.random.default_rng(0))
    expected = np.random.default_rng(0).choice(np.setdiff1d(np.arange(30), 4), 5, replace=False)
    np.testing.assert_array_equal(drawn, expected)
    assert sorted(random_class.of_class(y, 31, 5, np.random.default_rng(0))) == [30, 32]


@pytest.mark.parametrize("form", boundary_groups.FORMS)
def test_a_group_with_few_candidates_takes_them_all_and_ends(form, capsys):
    features, weights, keys = layer(3)
    few = np.array([7, 8, 9])
    score = lambda members: boundary_groups.score(features, weights, members, form, SETTINGS)  # noqa: E731
    small, none, large = boundary_greedy.grow(
        score, [[7], [3], [11]], [few, np.array([3]), np.arange(50)], 5, form, keys, features, weights
    )
    assert sorted(small.members) == [7, 8, 9] and small.ended
    assert none.members.tolist() == [3] and none.ended
    (alone,) = boundary_greedy.grow(score, [[11]], [np.arange(50)], 5, form, keys, features, weights)
    assert large.members.tolist() == alone.members.tolist() and not large.ended
    assert "the group of point 7 has 2 candidates only, and ends with them" in capsys.readouterr().out
    with pytest.raises(ValueError, match=rf"no group has candidates for 5 members, .* boundary\.greedy\.forms\.{form}"):
        boundary_greedy.grow(score, [[7]], [few], 5, form, keys, features, weights)


def test_seeds_say_which_class_is_too_small():
    x, y = np.zeros((7, 2)), np.array([0, 0, 0, 0, 0, 1, 1])
    for kind in ("class", "subgroup"):
        with pytest.raises(ValueError, match=f"ask for each_{kind} 3, but only 2 points of {kind} 1 are left"):
            seed_points.seeds([{f"each_{kind}": 3, "seed": 0}], x, y, y, [], [])


def test_a_class_never_leaves_as_a_group_of_its_own():
    rng = np.random.default_rng(0)
    y = np.array([0] * 12 + [1] + [2] * 2)
    drawn = subsets.groups(rng.normal(size=(15, 2)), y, [0.1, 0.4], 30, 0)
    for mask in drawn.masks[drawn.kind == "class"]:
        assert 0 < (~mask).sum() and set(y[mask]) == {0, 1, 2}
    with pytest.raises(ValueError, match="each of 4 classes has one point only"):
        subsets.groups(rng.normal(size=(4, 2)), np.arange(4), [0.5], 1, 0)


def test_growth_of_small_subgroups():
    subgroup, y = np.repeat([0, 1, 2], [3, 2, 20]), np.repeat([0, 0, 1], [3, 2, 20])
    distance = np.arange(25.0)[::-1]
    pools = growth.pools(subgroup, y, distance, 0, 1, 0.1)
    assert pools["boundary-target"].tolist() == [2] and pools["boundary-other"].tolist() == [4]
    for target, other in ((0, 3), (3, 0)):
        with pytest.raises(ValueError, match="subgroup 3 has no training point"):
            growth.pools(subgroup, y, distance, target, other, 0.1)


def test_flips_that_empty_a_class_are_said(capsys):
    source = {f"{name}_{part}": array for part in ("train", "test")
              for name, array in (("x", np.zeros((3, 2))), ("y", np.arange(3)))}  # fmt: skip
    settings = datasets.DEFAULTS | {"flipped": 1 / 3}
    emptied = set()
    for seed in range(10):
        made, _ = variants.make(source, ["a", "b", "c"], settings | {"seed": seed}, np.empty((0, 2), dtype=np.int64))
        (gone,) = set(range(3)) - set(made["y_train"])  # a flip moves the one point of its class
        said = capsys.readouterr().out
        assert said == f"warning: flipping leaves class '{'abc'[gone]}' without a training point\n"
        emptied.add(gone)
    assert emptied == {0, 1, 2}


def test_boundary_groups_of_a_rare_class_are_written(study, tmp_path, capsys):
    rare(study, 2)
    path = tmp_path / "groups.h5"
    find_boundary_groups.find_boundary_groups(
        study, "last_layer", {"seeds": [0, 10], "excluded": [], "tie_seed": 0}, "exact",
        {"groups": GROUPS, "greedy": {"size": 4, "forms": {"exact": {"from": "class", "count": 0}}}}, TRAINING, CG, [],
        str(path), {},
    )  # fmt: skip
    small, large = hdf5.read(path, "0/members", "10/members")
    assert small.tolist() == [0, 1] and len(large) == 4
    assert "group of point 0: no candidate is left, or solves it, beyond 2 members" in capsys.readouterr().out
