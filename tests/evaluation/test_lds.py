"""Linear datamodelling score and removals: closed forms, and controls that must score nothing."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, pearsonr, rankdata, spearmanr

import average_method
from attribution.evaluation import lds, removals
from attribution.files import hdf5

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


@pytest.mark.parametrize("spread", [0, 1, 1.5])
def test_the_floor_and_its_root_are_what_an_independent_truth_and_a_perfect_method_score(spread):
    # targets differ in noise, as test points at the edge and amid a class do
    rng = np.random.default_rng(4)
    signal, noise = rng.normal(size=(400, 60)), np.exp(spread * rng.normal(size=60))
    several = signal + noise * rng.normal(size=(6, 400, 60))
    other, true = several[3:].mean(axis=0), several[:3].mean(axis=0)
    found = lds.reliability(several[:3])
    assert found.mean() == pytest.approx(lds.scores(true, other).mean(), abs=0.02)
    assert np.corrcoef(found, lds.scores(true, other))[0, 1] > 0.95 or spread == 0
    assert lds.attainable(found).mean() == pytest.approx(lds.scores(true, signal).mean(), abs=0.02)


def test_a_truth_without_noise_has_a_floor_of_1_and_noise_alone_of_about_0():
    rng = np.random.default_rng(5)
    signal, noise = rng.normal(size=(50, 7)), rng.normal(size=(2, 400, 60))
    assert lds.noise_floor(np.stack([signal] * 3), **INTERVAL) == {
        "noise-floor": pytest.approx((1, 1, 1)), "noise-floor-root": pytest.approx((1, 1, 1))
    }  # fmt: skip
    assert lds.noise_floor(noise, **INTERVAL)["noise-floor"][0] == pytest.approx(0, abs=0.02)
    # opposite repetitions: no estimate is below -1, and no root of one is less than 0
    assert np.array_equal(lds.reliability(np.stack([signal, -signal])), np.full(7, -1))
    assert np.array_equal(lds.attainable(np.array([-1, 0.25])), [0, 0.5])


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_intervals_of_the_floor_and_its_root_are_those_of_drawn_subsets_and_targets(level):
    rng = np.random.default_rng(8)
    several = rng.normal(size=(20, 4)) + rng.normal(size=(3, 20, 4)) * [0.2, 0.5, 0.7, 1]
    ranked = [rankdata(found, axis=0) for found in several]
    drawn = []
    for _ in range(3000):
        rows, values = rng.integers(0, 20, 20), []
        for t in rng.integers(0, 4, 4):
            rho = np.mean([np.corrcoef(ranked[i][rows, t], ranked[j][rows, t])[0, 1]
                           for i, j in ((0, 1), (0, 2), (1, 2))])  # fmt: skip
            values.append(3 * rho / (1 + 2 * rho))
        drawn.append([np.mean(values), np.mean(np.sqrt(np.maximum(values, 0)))])
    expected = np.percentile(drawn, [50 * (1 - level), 50 * (1 + level)], axis=0).T
    found = lds.noise_floor(several, resamples=20000, level=level, seed=0)
    for (score, low, high), bounds in zip(found.values(), expected, strict=True):
        assert (low, high) == pytest.approx(bounds, abs=0.02)
        assert low < score < high


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_the_interval_of_a_slope_has_the_binomial_s_quantiles(level):
    # of points of one size half are predicted and half are not: a draw's slope is the share of those that are
    true = np.where(np.arange(200) % 3, 1.0, -1.0)[:, None] * np.ones((1, 3))
    predicted = true * (np.arange(200) < 100)[:, None]
    found = removals.slope_interval(true, predicted, resamples=20000, level=level, seed=0)
    expected = binom(200, 0.5).ppf([(1 - level) / 2, (1 + level) / 2]) / 200
    assert found == pytest.approx(expected, abs=0.0051)
    # and where targets differ instead, it is a mean over these
    found = removals.slope_interval(true.T, predicted.T, resamples=20000, level=level, seed=0)
    assert found == pytest.approx(expected, abs=0.0051)


def test_a_slope_that_all_points_have_is_certain():
    true = np.random.default_rng(10).normal(size=(30, 4))
    assert removals.slope_interval(true, 0.8 * true, **INTERVAL) == pytest.approx((0.8, 0.8))
    assert removals.slope_interval(0 * true, true, **INTERVAL) == (0, 0)


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
    assert row["slope"] == removals.slope(true, predicted) and row["slope_low"] < row["slope"] < row["slope_high"]


def mean_of(tmp_path, pairs, facts):
    """What average_method makes of trainings' attributions: pairs, and attributes of the file."""
    files = []
    for place, found in enumerate(pairs):
        files.append(str(tmp_path / f"{place}.h5"))
        own = {"method": "m", "family": "unrolled", "unit": "margin", "seconds": 1.0 + place, "peak_memory": 9 - place}
        hdf5.write(files[-1], {"targets": np.arange(len(found)), "pairs": found}, own | facts)
    # a training of 10 seconds for each but the first
    benchmarks = [str(tmp_path / f"{place}.tsv") for place in range(1, len(pairs))]
    for benchmark in benchmarks:
        Path(benchmark).write_text("s\th:m:s\tmax_rss\n10.0\t0:00:10\t-\n")
    average_method.average_method(files, benchmarks, str(tmp_path / "mean.h5"), {})
    return hdf5.read(tmp_path / "mean.h5", "pairs")[0], hdf5.attributes(tmp_path / "mean.h5")


def test_a_derivative_that_explodes_in_one_training_does_not_outweigh_the_others(tmp_path):
    rng = np.random.default_rng(0)
    truth, kept = rng.normal(size=(6, 80)), rng.permuted(np.tile(np.arange(80) < 40, (60, 1)), axis=1)
    # four trainings with little noise, one with twenty times as much
    pairs = [truth + size * rng.normal(size=truth.shape) for size in (1, 1, 1, 1, 20)]
    pairs[0] += 7
    spread = [np.median([np.std(row) for row in found]) for found in pairs]
    share = [min(1, (np.median(spread) / one) ** 2) for one in spread]
    found, facts = mean_of(tmp_path, pairs, {"growth": 3.0})
    expected = sum(one * of for one, of in zip(share, pairs, strict=True)) / sum(share)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(facts["weights"], share, rtol=1e-12)
    # five times the method, and four further trainings
    assert facts["seconds"] == 15 + 40 and facts["peak_memory"] == 9
    score = lambda attributed: lds.scores(kept @ truth.T, kept @ attributed.T).mean()  # noqa: E731
    assert score(found) > 0.8 > 0.4 > score(np.mean(pairs, axis=0))


def test_what_does_not_grow_has_the_plain_mean(tmp_path):
    pairs = [size * np.random.default_rng(size).normal(size=(2, 5)) for size in (1, 2, 30)]
    found, facts = mean_of(tmp_path, pairs, {})
    np.testing.assert_allclose(found, sum(pairs) / 3, rtol=1e-12)
    assert "weights" not in facts
