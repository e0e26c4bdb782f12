"""Algorithm 1 on the pairs of any method."""

from functools import partial

import h5py
import numpy as np
import pytest

import find_groups
from attribution.files import hdf5
from attribution.files.results import groups
from attribution.groups import by_pairs, gap, greedy, products
from small_run import N, method, write_run


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
    with pytest.raises(ValueError, match="scores of pairs hold NaN"):
        by_pairs.grow(lambda q: np.full((len(q), N), np.nan), N, [[5]], 6, "max", run.keys)


def test_find_groups_takes_a_method_for_its_rule(run, tmp_path, capsys, monkeypatch):
    found = write_run(run, tmp_path)
    group = {
        "rule": "gradient-cosine", "direction": "max", "adaptive": False, "seeds": [5, 8], "excluded": [3], "size": 7,
        "stop": "size", "tie_seed": 0,
    }  # fmt: skip
    pairs, path = partial(method("gradient-cosine").pairs, found), tmp_path / "groups.h5"
    find_groups.find_groups(found.files, None, group, [], path, {}, pairs)
    allowed = np.arange(N) != 3
    (expected, _) = by_pairs.grow(pairs, N, [[5], [8]], 7, "max", run.keys, np.array([3]))
    members, angles = hdf5.read(path, "5/members", "5/cosine")
    np.testing.assert_array_equal(members, expected.members)
    np.testing.assert_array_equal(angles, expected.cosine)
    with h5py.File(path) as file:
        assert file["5"].attrs["rule"] == "gradient-cosine"
    for stop, end in (
        ("gap", gap.size(expected.members, 1, run.labels, allowed, products.of_pairs(pairs))),
        ("peak", 7),
    ):
        find_groups.find_groups(found.files, None, group | {"stop": stop}, [], path, {}, pairs)
        # the whole growth is kept, and where it stopped beside it
        members, path_of = hdf5.read(path, "5/members", "5/normalised_influence")
        np.testing.assert_array_equal(members, expected.members)
        with h5py.File(path) as file:
            facts = dict(file["5"].attrs)
        assert facts["stop"] == stop and groups.size(facts, members) == end
        assert facts["total_influence"] == pytest.approx(path_of[end - 1] * end)
    monkeypatch.setattr(find_groups.stops, "size", lambda *_: 4)
    find_groups.find_groups(found.files, None, group | {"stop": "gap"}, [], path, {}, pairs)
    with h5py.File(path) as file:
        assert file["5"].attrs["stopped"] == 4
        assert file["5"].attrs["total_influence"] == pytest.approx(path_of[3] * 4)
    monkeypatch.undo()
    # squared distances are no inner products
    capsys.readouterr()
    distances = partial(method("input-euclidean").pairs, found)
    find_groups.find_groups(found.files, None, group | {"stop": "gap"}, [], path, {}, distances)
    with h5py.File(path) as file:
        assert {(part.attrs["stop"], part.attrs["stopped"]) for part in file.values()} == {("size", 7)}
    assert "groups.stop is 'gap', which judges how alike members are" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"groups\.adaptive is true, but rule 'gradient-cosine' is none of influence"):
        find_groups.find_groups(found.files, None, group | {"adaptive": True}, [], path, {}, pairs)
