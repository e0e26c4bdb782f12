"""Linear datamodelling score and removals: closed forms, and controls that must score nothing."""

import numpy as np
import pytest
from scipy.stats import pearsonr, rankdata, spearmanr

from attribution.evaluation import lds, removals

INTERVAL = {"resamples": 400, "level": 0.9, "seed": 0}


@pytest.fixture
def linear():
    """Margins that are exactly linear in the mask, and the weights."""
    rng = np.random.default_rng(0)
    weights, kept = rng.normal(size=(6, 40)), rng.random((50, 40)) < 0.5
    return weights, kept, kept @ weights.T


def test_scores_are_scipy_s_spearman(linear):
    _, _, true = linear
    noisy = true + np.random.default_rng(1).normal(size=true.shape)
    expected = [spearmanr(true[:, t], noisy[:, t]).statistic for t in range(6)]
    assert np.allclose(lds.scores(true, noisy), expected)


def test_exact_weights_score_1_whatever_their_scale_and_shift(linear):
    weights, kept, true = linear
    assert np.allclose(lds.scores(true, 5 * (kept @ weights.T) + 3), 1)
    assert np.allclose(lds.scores(true, -(kept @ weights.T)), -1)


def test_permuted_weights_score_nothing(linear):
    weights, kept, true = linear
    rng = np.random.default_rng(2)
    found = [lds.scores(true, kept @ weights[:, rng.permutation(40)].T).mean() for _ in range(40)]
    assert abs(np.mean(found)) < 0.1


def test_constant_predictions_score_0_and_not_nan(linear):
    _, _, true = linear
    assert np.array_equal(lds.scores(true, np.zeros_like(true)), np.zeros(6))


def test_the_interval_holds_the_score_and_narrows_with_the_subsets():
    rng = np.random.default_rng(3)
    widths = []
    for subsets in (30, 480):
        true = rng.normal(size=(subsets, 20))
        predicted = true + rng.normal(size=true.shape)
        low, high = lds.interval(true, predicted, **INTERVAL)
        assert low < lds.scores(true, predicted).mean() < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2
    assert lds.interval(true, predicted, **INTERVAL) == (low, high)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_interval_is_that_of_drawn_subsets_and_targets(level):
    rng = np.random.default_rng(7)
    true = rng.normal(size=(10, 4))
    predicted = true + rng.normal(size=true.shape)
    a, b = rankdata(true, axis=0), rankdata(predicted, axis=0)
    drawn = []
    for _ in range(6000):
        rows, targets = rng.integers(0, 10, 10), rng.integers(0, 4, 4)
        drawn.append(np.mean([np.corrcoef(a[rows, t], b[rows, t])[0, 1] for t in targets]))
    expected = np.percentile(drawn, [50 * (1 - level), 50 * (1 + level)])
    found = lds.interval(true, predicted, resamples=20000, level=level, seed=0)
    assert found == pytest.approx(expected, abs=0.02)


def test_reliability_is_the_correlation_of_two_independent_means():
    rng = np.random.default_rng(4)
    signal = rng.normal(size=(400, 30))
    several = signal + rng.normal(size=(6, 400, 30))
    found = lds.reliability(several[:3])
    between = lds.scores(several[:3].mean(axis=0), several[3:].mean(axis=0)).mean()
    assert found == pytest.approx(between, abs=0.03)
    assert lds.reliability(np.stack([signal, signal])) == pytest.approx(1)


def test_slope_is_predicted_for_true():
    rng = np.random.default_rng(5)
    true = rng.normal(size=(30, 4))
    assert removals.slope(true, 0.8 * true) == pytest.approx(0.8)
    assert removals.slope(true, -true) == pytest.approx(-1)


def test_row_has_the_means_over_targets():
    rng = np.random.default_rng(6)
    true, predicted = rng.normal(size=(2, 25, 3))
    predicted = predicted + true
    row = removals.row(true, predicted, INTERVAL)
    assert row["pearson"] == pytest.approx(np.mean([pearsonr(true[:, t], predicted[:, t])[0] for t in range(3)]))
    assert row["spearman"] == pytest.approx(np.mean([spearmanr(true[:, t], predicted[:, t])[0] for t in range(3)]))
    assert row["low"] < row["spearman"] < row["high"]
