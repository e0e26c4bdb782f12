"""Metasmoothness on trainings whose answer is known: steady, turning back, unrelated."""

import numpy as np
import pytest

from attribution.training import smoothness
from attribution.training.replay import Replay, State
from trained_discs import RECIPE


def training(answer, n=40):
    """A training of no steps whose logits are a function of the points' weights.

    Args:
        answer: (weights (n,), points (t, 1)) -> (t,) margin of class 1.
    """
    seen = []

    def step(state, number, weights):
        seen.append(weights)
        return state

    def outputs(state, points):
        margin = answer(seen[-1], points[:, 0])
        return np.stack([np.zeros_like(margin), margin], axis=1)

    start = State([], [], [], [], 0)
    return Replay(None, start, 1, None, n, step, None, outputs, None), seen


POINTS = np.linspace(-1, 1, 30)[:, None]
LABELS = np.ones(30, dtype=int)


def of(answer, alpha=0.5, draws=3):
    again, seen = training(answer)
    return smoothness.metasmoothness(again, POINTS, LABELS, alpha, draws, 0), seen


def test_a_margin_that_is_linear_in_the_weights_goes_on_as_it_began():
    effect = np.random.default_rng(0).normal(size=(30, 40))
    assert np.array_equal(of(lambda weights, x: effect @ weights)[0], np.ones(3))


def test_a_margin_that_turns_back_halfway_does_not():
    # of the weights that are neither 0 nor 1
    assert np.array_equal(of(lambda weights, x: x * ((weights > 0) & (weights < 1)).sum())[0], -np.ones(3))


def test_unrelated_trainings_agree_in_minus_a_third():
    # differences of independent normal numbers correlate by -1/2: signs, weighted by the first, by -1/2 of E|d|
    rng = np.random.default_rng(0)
    again, _ = training(lambda weights, x: rng.normal(size=len(x)))
    points, labels = np.zeros((100_000, 1)), np.ones(100_000, dtype=int)
    found = smoothness.metasmoothness(again, points, labels, 0.5, 1, 0)
    d = np.random.default_rng(1).normal(size=(3, 2_000_000))
    first, second = d[1] - d[0], d[2] - d[1]
    assert found == pytest.approx(smoothness.agreement(first, second), abs=0.01)
    assert found == pytest.approx(-0.5, abs=0.01)


def test_points_leave_in_two_equal_steps_and_others_stay():
    _, seen = of(lambda weights, x: x * weights.sum(), alpha=0.25, draws=2)
    assert len(seen) == 5 and np.array_equal(seen[0], np.ones(40))
    for halfway, left in (seen[1:3], seen[3:5]):
        assert left.sum() == 10 and set(left) == {0, 1}
        assert np.array_equal(halfway, (1 + left) / 2)
    assert not np.array_equal(seen[2], seen[4])


def test_nothing_changes_where_no_step_is_taken(points):
    from attribution.training import replay

    x, y, x_test, y_test = points
    still = replay.of_recipe(RECIPE | {"training": RECIPE["training"] | {"epochs": 0}}, x, y, 2, 0)
    assert np.array_equal(smoothness.metasmoothness(still, x_test, y_test, 0.5, 1, 0), [0])
