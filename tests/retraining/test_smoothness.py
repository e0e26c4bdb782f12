"""Metasmoothness of answers that are known: steady, turning back, unrelated; and of trainings."""

import numpy as np
import pandas as pd
import pytest

import measure_smoothness
from attribution.numerics.residuals import margins
from attribution.retraining import smoothness, whole_networks
from attribution.training import ensemble, replay
from trained_discs import RECIPE, data  # noqa: F401

PLAIN = RECIPE | {"dropout": 0.0, "training": RECIPE["training"] | {"epochs": 3, "schedule": []}}


def test_a_margin_that_is_linear_in_the_weights_goes_on_as_it_began():
    effect = np.random.default_rng(0).normal(size=(30, 40))
    halfway, left = smoothness.leaving(40, 0.5, 3, 0)
    found = smoothness.metasmoothness(effect.sum(axis=1), halfway @ effect.T, left @ effect.T)
    assert np.array_equal(found, np.ones(3))


def test_a_margin_that_turns_back_halfway_does_not():
    whole, halfway = np.zeros(5), np.array([[1.0, -2.0, 3.0, -4.0, 5.0]])
    assert smoothness.metasmoothness(whole, halfway, halfway / 2).tolist() == [-1]
    # weighted by the first step: one of 5 out of 15 goes on
    assert smoothness.metasmoothness(whole, halfway, halfway * [0, 0, 0, 0, 2]).tolist() == pytest.approx([-1 / 3])
    assert smoothness.metasmoothness(whole, whole[None], halfway).tolist() == [0]


def test_unrelated_trainings_agree_in_minus_a_half():
    # d1 = b - a and d2 = c - b correlate by -1/2, and so does d1 with the sign of d2, in units of its mean size
    whole, halfway, left = np.random.default_rng(0).normal(size=(3, 1, 400_000))
    assert smoothness.metasmoothness(whole[0], halfway, left) == pytest.approx(-0.5, abs=0.01)


def test_points_leave_in_two_equal_steps_and_others_stay():
    halfway, left = smoothness.leaving(40, 0.25, 2, 0)
    assert (left.sum(axis=1) == 10).all() and set(left.ravel()) == {0, 1}
    assert np.array_equal(halfway, (1 + left) / 2) and not np.array_equal(left[0], left[1])


def test_networks_at_once_take_weights_as_the_replayed_training_does(points):
    x, y, x_test, y_test = points
    weights = np.concatenate([np.ones((1, len(x))), *smoothness.leaving(len(x), 0.5, 1, 0)])
    trained = ensemble.train(PLAIN, x.shape[1:], 2, x, y, weights, np.zeros(3, int), 4, "test", of_run=True)
    at_once = np.stack([margins(s, y_test) for s in ensemble.logits(trained, x_test)])
    again = replay.of_recipe(PLAIN, x, y, 2, 4)
    alone = np.stack([margins(again.outputs(replay.run(again, w), x_test), y_test) for w in weights])
    assert np.allclose(at_once, alone, rtol=0, atol=1e-4)
    # half the weight is neither all of it nor none
    assert np.abs(alone[1] - alone[0]).max() > 1e-3 and np.abs(alone[1] - alone[2]).max() > 1e-3
    with pytest.raises(ValueError, match="weights of training points go down to -1; give 0 or more"):
        ensemble.train(PLAIN, x.shape[1:], 2, x, y, weights - 1, np.zeros(3, int), 4, "test", of_run=True)


@pytest.mark.slow
@pytest.mark.parametrize(("change", "forwards"), [({}, 1), ({"rescale": {"from": [-3, 3], "to": [-1, 1]}}, 3)])
def test_the_table_of_a_training_has_its_side_and_trains_the_run_once(
    data, points, tmp_path, monkeypatch, change, forwards  # noqa: F811
):  # fmt: skip
    recipe, settings = PLAIN | change, {"seed": 0, "smoothness": {"draws": 1, "targets": 3}}
    walked, step = [], replay.run
    # a whole training from the start, not what a metagradient does between its kept states
    monkeypatch.setattr(replay, "run", lambda *given: walked.append(given[2:] or "whole") or step(*given))
    measure_smoothness.measure_smoothness(
        {"dataset": "toy", "model": "m"}, data, recipe, 4, [0.5], settings, str(tmp_path / "a.csv")
    )
    # the run itself in pieces, and networks one by one where they are not trained at once
    assert walked.count("whole") == forwards - 1
    (row,) = pd.read_csv(tmp_path / "a.csv").to_dict("records")
    x, y, x_test, y_test = points
    weights = np.concatenate([np.ones((1, len(x))), *smoothness.leaving(len(x), 0.5, 1, 0)])
    whole, half, left = whole_networks.retrained(recipe, x, y, x_test, y_test, 2, 4, weights, "test")
    assert row["metasmoothness"] == pytest.approx(smoothness.metasmoothness(whole, half[None], left[None])[0], abs=1e-9)
    assert row["test_accuracy"] == pytest.approx((whole > 0).mean())
    expected = {(True, True): "holds", (False, False): "fails"}
    assert row["side"] == expected.get((row["growth"] <= 1, row["metasmoothness"] >= 0.5), "unclear")
