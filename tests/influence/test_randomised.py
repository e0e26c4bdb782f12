"""Labels that are permuted before the training destroy what a method says of margins; distances of inputs stay."""

import numpy as np
import pytest

import randomised
from trained_discs import RECIPE, points  # noqa: F401

pytestmark = pytest.mark.slow


def test_permuted_labels_destroy_scores_of_methods_that_see_labels_alone(points):  # noqa: F811
    data = randomised.Data(*points, 2)
    recipe = RECIPE | {"dropout": 0.0, "l1": 0.0, "l2": 1e-2}
    settings = randomised.settings_of(randomised.read("config"))
    methods = ["kfac", "trak", "last-layer-damped", "gradient-dot", "tracin", "input-euclidean"]
    found = randomised.judged(data, recipe, settings, methods, 40, np.arange(0, 120, 8), 2, 0)
    scores = found.set_index(["method", "network"])
    for name in methods[:-1]:
        assert scores.loc[(name, "trained"), "mean"] > 0.4
        assert abs(scores.loc[(name, "permuted labels"), "mean"]) < 0.25
    # no training enters distances of inputs, and they score as before
    alone = scores.loc["input-euclidean"]
    assert np.ptp(alone["mean"]) == 0 and alone["mean"].iloc[0] > 0.1 and alone["min"].isna().all()
    # nothing was learned in no steps
    assert scores.loc[("tracin", "random weights"), "mean"] == 0
