"""Data whose labels hide known subgroups."""

import numpy as np
import pytest

import write_hidden_classes as hidden


def test_clouds_have_their_sizes_their_spread_and_classes_of_five_in_turn():
    found = hidden.coarse_fine(coarse=4, fine=5, train=400, test=3, dimensions=16, noise=0.35, seed=1)
    np.testing.assert_array_equal(np.bincount(found["subgroup_train"]), np.full(20, 400))
    np.testing.assert_array_equal(np.bincount(found["subgroup_test"]), np.full(20, 3))
    for part in ("train", "test"):
        classes = [{5 * label + place for place in range(5)} for label in range(4)]
        own = [set(found[f"subgroup_{part}"][found[f"y_{part}"] == label]) for label in range(4)]
        assert own == classes
    x, subgroup = found["x_train"], found["subgroup_train"]
    centres = np.stack([x[subgroup == one].mean(axis=0) for one in range(20)])
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1, atol=0.03)
    square = ((x - centres[subgroup]) ** 2).sum(axis=1).mean()
    assert np.sqrt(square) == pytest.approx(0.35, rel=0.02)


def test_digits_are_labelled_odd_and_clothes_0(tmp_path):
    digits = hidden.digits()
    np.testing.assert_array_equal(digits["y_test"], digits["subgroup_test"] % 2)
    assert digits["x_train"].shape == (1347, 8, 8) and digits["x_train"].max() == 1
    ten = np.arange(10)
    np.savez(tmp_path / "fashion.npz", x_train=ten, y_train=ten, x_test=ten, y_test=ten)
    found = hidden.fashion(tmp_path / "fashion.npz")
    np.testing.assert_array_equal(found["y_train"], [0, 0, 0, 0, 0, 1, 0, 1, 1, 1])
    np.testing.assert_array_equal(found["subgroup_test"], ten)
