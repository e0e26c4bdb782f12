"""Stability of attributions over training seeds: scipy's correlations, and what must be nothing."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

import helpers
import measure_stability
from attribution.evaluation import stability
from attribution.files import hdf5
from attribution.workflow import attributions

INTERVAL = {"resamples": 300, "level": 0.9, "seed": 0}


@pytest.fixture
def several():
    """(s, t, n) of three trainings that share a part."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(1, 5, 60)) + rng.normal(size=(3, 5, 60)) ** 3


def test_correlations_are_scipy_s_of_each_pair(several):
    plain, ranked = stability.correlations(several)
    for target in range(5):
        pairs = list(itertools.combinations(several[:, target], 2))
        assert plain[target] == pytest.approx(np.mean([pearsonr(a, b)[0] for a, b in pairs]))
        assert ranked[target] == pytest.approx(np.mean([spearmanr(a, b)[0] for a, b in pairs]))


def test_scales_of_trainings_do_not_matter_and_constants_count_nothing(several):
    scaled = several * np.array([1, 7, 0.1])[:, None, None] + 3
    assert np.allclose(stability.correlations(scaled), stability.correlations(several))
    assert np.array_equal(stability.correlations(np.zeros((2, 4, 9))), np.zeros((2, 4)))


def test_the_table_has_the_trainings_of_each_method_and_chance_is_not_stable(several, tmp_path):
    rng, files = np.random.default_rng(1), []
    for name, arrays in (("alike", several), ("random", rng.random((3, 5, 60)))):
        for seed, pairs in enumerate(arrays):
            files.append(str(tmp_path / f"{name}-{seed}.h5"))
            hdf5.write(files[-1], {"targets": np.arange(5), "pairs": pairs}, {})
    wildcards = {"dataset": "toy", "model": "a"}
    measure_stability.measure_stability(wildcards, files, ["alike", "random"], 3, INTERVAL, str(tmp_path / "a.csv"))
    table = pd.read_csv(tmp_path / "a.csv").set_index("method")
    assert table.loc["alike", "spearman"] == pytest.approx(stability.correlations(several)[1].mean())
    assert table.loc["alike", "low"] > 0.1 and abs(table.loc["random", "spearman"]) < 0.1
    assert (table.trainings == 3).all() and (table.targets == 5).all()


def test_a_mean_over_trainings_is_compared_with_one_that_shares_none_of_them():
    config = {"models": {"a-untrained": {}}, "methods": {"lds": ["influence", "influence-2", "influence-untrained"]},
              "truth": {"trainings": 3}}  # fmt: skip
    found = attributions.over_trainings(config, helpers.wildcards(dataset="d", model="a", seed="1", extent="small"))
    assert found == [
        *(f"results/d/a/seed{seed}/attributions/influence.h5" for seed in (1, 2, 3)),
        *(f"results/d/a/seed{seed}/attributions/influence-2.h5" for seed in (1, 3, 5)),
        *(f"results/d/a-untrained/seed{seed}/attributions/influence.h5" for seed in (1, 2, 3)),
    ]
