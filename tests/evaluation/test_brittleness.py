"""Brittleness: margins that are sums over the training points that stay, so that every fall is known."""

import numpy as np
import pandas as pd
import pytest

import measure_brittleness
import retrain_without_top
from attribution.evaluation import brittleness
from attribution.files import hdf5
from attribution.retraining import whole_networks

INTERVAL = {"resamples": 300, "level": 0.9, "seed": 0}


@pytest.fixture
def weights():
    """(t, n) what each training point gives each target's margin."""
    return np.random.default_rng(0).normal(size=(6, 40))


def test_what_leaves_are_the_largest_and_the_sets_grow(weights):
    kept = brittleness.without_top(weights, [1, 4, 10])
    assert kept.shape == (6, 3, 40) and np.array_equal((~kept).sum(axis=2), np.tile([1, 4, 10], (6, 1)))
    for target, masks in zip(weights, kept, strict=True):
        for mask, count in zip(masks, (1, 4, 10), strict=True):
            assert target[~mask].min() > target[mask].max() and (~mask).sum() == count
    assert brittleness.counts([0.001, 0.1, 0.26], 40) == [1, 4, 10]


def test_equal_scores_leave_in_their_order_and_no_point_left_is_refused():
    assert np.flatnonzero(~brittleness.without_top(np.zeros((1, 9)), [3])[0, 0]).tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match=r"truth.brittleness.shares would take 9 of 9 training points"):
        brittleness.without_top(np.zeros((1, 9)), [2, 9])


def test_a_row_counts_flips_of_targets_that_were_right():
    before, after = np.array([2.0, 1.0, 0.5, -1.0]), np.array([1.0, -1.0, 0.0, -3.0])
    found = brittleness.row(before, after, INTERVAL)
    assert (found["targets"], found["right"]) == (4, 3)
    assert found["change"] == pytest.approx(-1.375) and found["flipped"] == pytest.approx(2 / 3)
    assert found["low"] < -1.375 < found["high"] and found["flipped_low"] <= 2 / 3 <= found["flipped_high"]
    assert brittleness.row(-before, after, INTERVAL)["flipped"] is None


def test_of_additive_margins_the_true_weights_take_the_most_and_chance_takes_nothing(weights, tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    data = {"x_train": np.zeros((40, 2)), "y_train": np.arange(40) % 2, "x_test": np.zeros((9, 2)),
            "y_test": np.zeros(9, int)}  # fmt: skip
    hdf5.write(tmp_path / "data.h5", data, {"class_names": ["a", "b"]})
    monkeypatch.setattr(whole_networks, "retrained", lambda *given: given[7] @ weights[:4].T + 1)
    files = {}
    for method, pairs in (("right", weights), ("random", rng.random(weights.shape)), ("wrong", -weights)):
        hdf5.write(tmp_path / f"of-{method}.h5", {"targets": np.arange(6), "pairs": pairs}, {})
        files[method] = str(tmp_path / f"{method}.h5")
        retrain_without_top.retrain_without_top(
            str(tmp_path / "data.h5"), str(tmp_path / f"of-{method}.h5"), {}, 0, method,
            {"targets": 4, "shares": [0.05, 0.25]}, "digest", files[method], {},
        )  # fmt: skip
    wildcards = {"dataset": "toy", "model": "a", "truth": "fixed"}
    measure_brittleness.measure_brittleness(
        wildcards, list(files.values()), list(files), [0.05, 0.25], INTERVAL, str(tmp_path / "table.csv")
    )
    table = pd.read_csv(tmp_path / "table.csv").set_index(["method", "points"])
    largest = -np.sort(-weights[:4], axis=1)
    for points in (2, 10):
        assert table.loc[("right", points), "change"] == pytest.approx(-largest[:, :points].sum(axis=1).mean())
        assert table.loc[("wrong", points), "change"] > 0
    chance = table.loc[("random", 10)]
    # ten of 40 points by chance take a quarter of the sum
    assert abs(chance.change) < 0.2 * abs(table.loc[("right", 10), "change"])
    assert (table.subsets == 8).all() and (table.targets == 4).all() and (table.truth == "fixed").all()
