"""Variants of a data set on arrays whose every value says where it came from."""

import numpy as np
import pytest

from attribution.data import variants
from attribution.settings import datasets

NAMES = ["a", "b", "c", "d"]
NONE = variants.read_pairs(None)
N, M = 400, 80


def source():
    rng = np.random.default_rng(5)
    y = rng.choice(4, N + M, p=[0.4, 0.3, 0.2, 0.1])
    # the pixel of a point is its row, test rows from N on
    x = np.arange(N + M, dtype=np.uint16)[:, None]
    return {"x_train": x[:N], "y_train": y[:N], "x_test": x[N:], "y_test": y[N:]}


def make(pairs=NONE, **changes):
    return variants.make(source(), NAMES, datasets.DEFAULTS | changes, pairs)


def test_the_whole_set_is_shuffled_and_index_names_each_row():
    data = source()
    arrays, facts = make()
    assert facts == {"class_names": NAMES, "rows_train": N}
    assert sorted(arrays["index_train"]) == list(range(N)) and (arrays["index_train"] != np.arange(N)).any()
    assert sorted(arrays["index_test"]) == list(range(N, N + M))
    everything = {name: np.concatenate([data[f"{name}_train"], data[f"{name}_test"]]) for name in "xy"}
    for part in ("train", "test"):
        for name in "xy":
            np.testing.assert_array_equal(arrays[f"{name}_{part}"], everything[name][arrays[f"index_{part}"]])
        np.testing.assert_array_equal(arrays[f"subgroup_{part}"], arrays[f"y_{part}"])
        assert arrays[f"x_{part}"].dtype == np.uint16 and arrays[f"y_{part}"].dtype == np.int64


def test_the_seed_decides_and_nothing_else():
    first, again, other = make(points=100)[0], make(points=100)[0], make(points=100, seed=1)[0]
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
    assert set(first["index_train"]) != set(other["index_train"])


def test_classes_are_renumbered_in_the_order_given():
    arrays, facts = make(classes=["d", "b"])
    data = source()
    assert facts["class_names"] == ["d", "b"]
    assert set(data["y_train"][arrays["index_train"]]) == {3, 1}
    np.testing.assert_array_equal(arrays["y_train"], data["y_train"][arrays["index_train"]] == 1)
    np.testing.assert_array_equal(arrays["y_test"], data["y_test"][arrays["index_test"] - N] == 1)


@pytest.mark.parametrize("points", [37, 100, 399])
def test_a_subset_keeps_the_proportions(points):
    arrays, _ = make(points=points, test_points=20)
    exact = np.bincount(source()["y_train"]) * points / N
    counts = np.bincount(arrays["y_train"])
    assert counts.sum() == len(set(arrays["index_train"])) == points
    assert (np.abs(counts - exact) < 1).all()
    assert len(arrays["y_test"]) == 20


def test_flips_are_as_many_as_asked_to_any_other_class_and_leave_the_subset_as_it_was():
    plain, _ = make(points=200)
    arrays, _ = make(points=200, flipped=0.3)
    np.testing.assert_array_equal(arrays["index_train"], plain["index_train"])
    np.testing.assert_array_equal(arrays["original_y_train"], plain["y_train"])
    np.testing.assert_array_equal(arrays["subgroup_train"], plain["y_train"])
    assert arrays["flipped_train"].sum() == 60
    np.testing.assert_array_equal(arrays["flipped_train"], arrays["y_train"] != arrays["original_y_train"])
    to_others = {(a, b) for a, b in zip(arrays["original_y_train"], arrays["y_train"], strict=True) if a != b}
    assert len(to_others) == 12  # every ordered pair of different classes
    np.testing.assert_array_equal(arrays["y_test"], plain["y_test"])


def test_each_other_class_is_as_likely():
    labels = np.zeros(30_000, dtype=np.int64)
    changed, _ = variants.flip(labels, 0.5, 4, np.ones(len(labels), bool), np.random.default_rng(0))
    counts = np.bincount(changed, minlength=4)
    assert counts[0] == 15_000
    assert (np.abs(counts[1:] - 5000) < 5 * np.sqrt(5000)).all()


def test_superclasses_hide_the_classes_in_the_subgroups():
    arrays, facts = make(superclasses={"even": ["c", "a"], "odd": ["b", "d"]})
    assert facts["class_names"] == ["even", "odd"]
    np.testing.assert_array_equal(arrays["subgroup_train"], source()["y_train"][arrays["index_train"]])
    np.testing.assert_array_equal(arrays["y_train"], arrays["subgroup_train"] % 2)
    np.testing.assert_array_equal(arrays["y_test"], arrays["subgroup_test"] % 2)


def test_injected_images_move_and_the_pairs_point_at_them(tmp_path, capsys):
    data = source()
    file = tmp_path / "pairs.csv"
    file.write_text("test_index,train_index,judgment\n3,10,near\n3,11,near\n40,399,exact\n")
    arrays, facts = make(variants.read_pairs(file), flipped=0.5)
    assert facts["injected_images"] == 2 and facts["pairs_left_out"] == 0
    injected, partner = arrays["injected_pairs"].T
    np.testing.assert_array_equal(arrays["x_train"][injected, 0], [N + 3, N + 3, N + 40])
    np.testing.assert_array_equal(arrays["x_train"][partner, 0], [10, 11, 399])
    np.testing.assert_array_equal(arrays["index_train"][injected], [N + 3, N + 3, N + 40])
    # with their own label, and no longer in the test set
    np.testing.assert_array_equal(arrays["y_train"][injected], data["y_test"][[3, 3, 40]])
    assert not arrays["flipped_train"][injected].any()
    assert len(arrays["y_train"]) == N + 2 and len(arrays["y_test"]) == M - 2
    assert not np.isin(arrays["x_test"], [N + 3, N + 40]).any()


def test_pairs_without_their_partner_are_left_out_and_counted(capsys):
    pairs = np.stack([np.arange(30), np.arange(0, 300, 10)], axis=1)
    arrays, facts = make(pairs, points=100)
    kept = set(arrays["index_train"])
    expected = [p for p in pairs.tolist() if p[1] in kept]
    assert 0 < len(expected) < 30
    assert facts["injected_images"] == len(arrays["injected_pairs"]) == len(expected)
    assert facts["pairs_left_out"] == 30 - len(expected)
    assert f"{30 - len(expected)} pairs left out" in capsys.readouterr().out
    # an image of a class that is not taken is left out too
    labels = source()
    arrays, facts = make(pairs, classes=["a", "b"])
    expected = [p for p in pairs.tolist() if labels["y_test"][p[0]] < 2 and labels["y_train"][p[1]] < 2]
    assert len(arrays["injected_pairs"]) == len(expected)


def test_no_pair_that_stays_gives_an_empty_array(capsys):
    pairs = np.array([[0, int(np.flatnonzero(source()["y_train"] == 0)[0])]])
    arrays, facts = make(pairs, classes=["b", "c"])
    assert arrays["injected_pairs"].shape == (0, 2) and facts["pairs_left_out"] == 1


def test_subgroups_of_ones_own_go_along():
    data = source() | {"subgroup_train": np.arange(N) % 7}
    arrays, _ = variants.make(data, NAMES, datasets.DEFAULTS | {"points": 50}, NONE)
    np.testing.assert_array_equal(arrays["subgroup_train"], arrays["index_train"] % 7)
    assert "subgroup_test" not in arrays


WRONG = [
    ("test_index,train\n1,2\n", "has no column train_index; inject needs test_index and train_index, found test_index"),
    ("test_index,train_index\n1,x\n", "line 2, has test_index '1' and train_index 'x'; both must be whole numbers"),
    ("test_index,train_index\n1\n", "line 2, has test_index '1' and train_index None"),
    ("test_index,train_index\n", "holds no pair"),
    ("", "is an empty file (0 bytes)"),
    ("test_index,train_index\n80,0\n", "inject names test_index 80; allowed are 0 to 79"),
    ("test_index,train_index\n0,-1\n", "inject names train_index -1; allowed are 0 to 399"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG)
def test_wrong_pairs_are_refused(tmp_path, text, sentence):
    file = tmp_path / "pairs.csv"
    file.write_text(text)
    with pytest.raises(ValueError) as error:
        make(variants.read_pairs(file))
    assert sentence in str(error.value) and "\n" not in str(error.value)


def test_subsets_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="a subset of 4 points would have none of class 'd', which has"):
        make(points=4)
    with pytest.raises(ValueError, match="a subset of 401 points was asked for, but there are only 400"):
        make(points=401)


def test_points_held_out_are_no_training_points_and_each_class_has_its_share():
    merged = {"one": ["a", "b"], "two": ["c", "d"]}
    data, (arrays, _) = source(), make(validation_split=0.25, flipped=0.2, superclasses=merged)
    held, kept = arrays["index_validation"], arrays["index_train"]
    assert len(held) == 100 and sorted([*held, *kept]) == list(range(N)) and (np.diff(held) < 0).any()
    counts, every = (np.bincount(data["y_train"][rows]) for rows in (held, np.arange(N)))
    assert np.abs(counts - every / 4).max() < 1
    np.testing.assert_array_equal(arrays["x_validation"][:, 0], held)
    # clean labels, of the superclasses; subgroups are the classes
    np.testing.assert_array_equal(arrays["y_validation"], data["y_train"][held] > 1)
    np.testing.assert_array_equal(arrays["subgroup_validation"], data["y_train"][held])
    assert all(len(arrays[f"{name}_train"]) == 300 for name in ("x", "y", "subgroup", "flipped", "original_y"))
    assert set(make(validation_split=0.25, seed=1)[0]["index_validation"]) != set(held)


def test_what_is_drawn_and_held_out_stays_the_subset_as_it_was():
    whole, held = make(points=100)[0], make(points=100, validation_split=0.2)[0]
    assert {*held["index_train"], *held["index_validation"]} == set(whole["index_train"])
    assert len(held["y_train"]) == 80 and "x_validation" not in whole
    np.testing.assert_array_equal(held["index_test"], whole["index_test"])


def test_a_pair_whose_training_image_is_held_out_is_left_out():
    held = make(validation_split=0.25)[0]["index_validation"]
    pairs = np.array([[0, held[0]], [1, next(row for row in range(N) if row not in held)]])
    arrays, facts = make(pairs, validation_split=0.25)
    assert facts["pairs_left_out"] == 1 and len(arrays["injected_pairs"]) == 1 and N + 1 in arrays["index_train"]
    np.testing.assert_array_equal(arrays["index_validation"], held)


def test_a_class_too_small_to_hold_a_point_out_is_named():
    data = source()
    data["y_train"] = np.where(data["y_train"] == 3, 2, data["y_train"])
    data["y_train"][0] = 3
    with pytest.raises(ValueError, match=r"cannot be split with validation_split: 0.25: class 'd' has 1 of 400 points"):
        variants.make(data, NAMES, datasets.DEFAULTS | {"validation_split": 0.25}, NONE)
