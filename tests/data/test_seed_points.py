"""Seed points: named, numbered and drawn."""

import numpy as np
import pytest

from attribution.data import data_file, own_rows, seed_points, variants
from attribution.files import hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN
from attribution.settings import datasets, draws

N = 60
RNG = np.random.default_rng(3)
X, Y, SUBGROUP = RNG.normal(size=(N, 2, 2)), np.arange(N) % 3, np.arange(N) % 5
NAMES = list("vwxyz")


def seeds(points, excluded=()):
    return seed_points.seeds(points, X, Y, SUBGROUP, NAMES, list(excluded))


def test_indices_and_names_stay_what_they_are():
    names, indices = seeds([7, "x"])
    members = np.flatnonzero(SUBGROUP == 2)
    distance = [np.linalg.norm(X[i] - X[members].mean(axis=0)) for i in members]
    assert names == ["7", "subgroup 2"] and indices == [7, members[np.argmin(distance)]]
    assert indices == seed_points.resolve([7, "x"], X, SUBGROUP, NAMES)


def test_points_go_by_the_users_own_row_or_id():
    rows = np.random.default_rng(0).permutation(N) + 100
    own = own_rows.places(own_rows.Own(rows, np.array([f"id {i}" for i in range(N)], dtype=object)))
    row = lambda index: int(rows[index])  # noqa: E731
    points = [{"row": row(7)}, "x", {"id": "id 3"}, {"row": [row(9), row(1)]}, 20]
    expected = [7, *seed_points.resolve(["x"], X, SUBGROUP, NAMES), 3, 9, 1, 20]
    assert seed_points.resolve(points, X, SUBGROUP, NAMES, own) == expected
    # several of an entry are a group each, of a list one
    names, starts = seed_points.starts(
        [{"id": ["id 3", "id 4"]}, [{"row": [row(7), row(8)]}, 0], {"random": N - 5, "seed": 0}],
        X, Y, SUBGROUP, NAMES, [], own,
    )  # fmt: skip
    assert starts[:3] == [[3], [4], [7, 8, 0]] and not {3, 4, 7, 8, 0} & {index for (index,) in starts[3:]}
    assert names[:3] == ["id id 3", "id id 4", f"row {row(7)} + row {row(8)} + 0"]
    assert seed_points.numbers([5, {"row": [row(7), row(5)]}, {"id": "id 2"}], own, "groups.excluded") == [5, 7, 2]
    for point, sentence in (
        ({"row": 7}, "groups.seeds names row 7, which no training point has; rows count from 0"),
        ({"id": ["id 3", "z"]}, "groups.seeds names id z, which no training point has; ids are"),
    ):
        with pytest.raises(ValueError, match=sentence):
            seed_points.seeds([point], X, Y, SUBGROUP, NAMES, [], own)
    with pytest.raises(ValueError, match=r"groups.excluded names id z, which no"):
        seed_points.numbers([{"id": "z"}], own, "groups.excluded")


def test_rows_are_those_of_the_source_of_the_shuffled_file(tmp_path):
    source = {f"{name}_{part}": np.arange(40.0).reshape(40, 1) if name == "x" else np.arange(40) % 2
              for name in "xy" for part in ("train", "test")}  # fmt: skip
    source |= {f"id_{part}": np.array([f"n{i}" for i in range(40)], dtype=object) for part in ("train", "test")}
    made, facts = variants.make(
        source, ["a", "b"], datasets.DEFAULTS | {"points": 30}, np.empty((0, 2), dtype=np.int64)
    )
    path = str(tmp_path / "data.h5")
    data_file.write(path, made, facts.pop("class_names"), ["a", "b"], facts)
    x, subgroup = hdf5.read(path, X_TRAIN, SUBGROUP_TRAIN)
    kept = sorted(int(value) for value in x[:, 0])
    own = seed_points.own_of(path, [0], [["a", {"row": kept[3]}]])
    found = seed_points.resolve([{"row": kept[3]}, {"id": f"n{kept[20]}"}], x, subgroup, ["a", "b"], own)
    assert x[found, 0].tolist() == [kept[3], kept[20]]
    (missing, *_) = set(range(40)) - set(kept)
    with pytest.raises(ValueError, match=f"influence.targets names row {missing}, which no training point has"):
        seed_points.resolve([{"row": missing}], x, subgroup, ["a", "b"], own)
    # nothing is read where no point is named so
    assert seed_points.own_of("absent.h5", [0, "a", {"random": 3, "seed": 0}], [[1, "b"]]) is None


def test_without_names_subgroups_go_by_their_numbers():
    assert seed_points.resolve(["2"], X, SUBGROUP, []) == seed_points.resolve(["x"], X, SUBGROUP, NAMES)
    with pytest.raises(ValueError, match="'5' is no subgroup of the data; allowed are 0, 1, 2, 3, 4"):
        seed_points.resolve(["5"], X, SUBGROUP, [])


@pytest.mark.parametrize(("kind", "by"), [("each_class", Y), ("each_subgroup", SUBGROUP)])
def test_a_draw_has_as_many_of_each(kind, by):
    names, indices = seeds([{kind: 4, "seed": 1}])
    assert len(set(indices)) == len(set(names)) == len(indices) == 4 * len(set(by))
    np.testing.assert_array_equal(np.bincount(by[indices]), 4)


def test_a_draw_depends_on_its_seed_and_shuns_what_is_excluded_or_named():
    draw = [{"random": 10, "seed": 0}]
    assert seeds(draw) == seeds(draw) != seeds([{"random": 10, "seed": 1}])
    names, indices = seeds([5, *draw, {"random": 9, "seed": 0}], excluded=range(20, 60))
    assert sorted(indices) == list(range(20)) and names[0] == "5"
    # every point is as likely: 2000 draws of 10 among 60
    counts = np.bincount(np.concatenate([seeds([{"random": 10, "seed": s}])[1] for s in range(2000)]), minlength=N)
    assert abs(counts - 2000 / 6).max() < 5 * np.sqrt(2000 / 6)


def test_most_bounds_a_draw_over_all_classes():
    assert seeds([{"each_class": 4, "most": 12, "seed": 1}]) == seeds([{"each_class": 4, "seed": 1}])
    # 3 classes share 8 points, 2 each
    _, indices = seeds([{"each_class": 4, "most": 8, "seed": 1}])
    np.testing.assert_array_equal(np.bincount(Y[indices]), 2)
    # 2 of 5 subgroups, which by the seed
    chosen = {tuple(sorted(SUBGROUP[seeds([{"each_subgroup": 4, "most": 2, "seed": s}])[1]])) for s in range(40)}
    assert all(len(set(pair)) == 2 for pair in chosen) and len(chosen) == 10
    for most in range(1, 25):
        draw = {"each_subgroup": 4, "most": most, "seed": 0}
        assert len(seeds([draw])[1]) == draws.total(draw, 3, 5) <= most


def test_what_cannot_be_is_refused():
    with pytest.raises(
        ValueError, match="seeds ask for each_class 21, but only 20 points of class 0 are left to draw from"
    ):
        seeds([{"each_class": 21, "seed": 0}])
    with pytest.raises(ValueError, match="training index 7 is a seed more than once"):
        seeds([7, 7])
    with pytest.raises(ValueError, match="subgroup 5 has no training point"):
        seed_points.resolve(["u"], X, SUBGROUP, [*NAMES, "u"])
