"""Metagradients at random subsets: their trimmed mean, and what it says where a derivative at all points does not."""

import copy

import numpy as np
import pytest

from attribution.files import hdf5
from attribution.methods import means
from attribution.methods.run import Run
from attribution.methods.unrolled.metagradient import Metagradient
from attribution.methods.unrolled.metagradient_subsets import MetagradientSubsets
from attribution.numerics.residuals import margin_gradients
from attribution.retraining import subsets, truth
from attribution.training import metagradient, replay
from trained_discs import RECIPE

N, TARGETS, NETWORKS = 24, 4, 5
SHORT = RECIPE["training"] | {"epochs": 3, "batch_size": 8, "schedule": []}
CHOSEN = {"networks": NETWORKS, "alpha": 0.6, "seed": 2}


def test_a_trimmed_mean_leaves_out_the_ends_of_every_score_and_keeps_levels():
    rng = np.random.default_rng(0)
    truth_of = rng.normal(size=(3, 40))
    networks = [truth_of + 0.01 * rng.normal(size=truth_of.shape) for _ in range(10)]
    # one derivative explodes, one score does, and another network is off by a number a target
    networks[4] = networks[4] + 1e6 * rng.normal(size=truth_of.shape)
    networks[2][1, 5] = 3e3
    networks[7] = networks[7] + np.array([[1e5], [-1e5], [1e3]])
    found, expected = means.trimmed(networks), truth_of - truth_of.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(np.delete(found - found.mean(axis=1, keepdims=True), 5, axis=1),
                               np.delete(expected, 5, axis=1), atol=0.3)  # fmt: skip
    assert np.corrcoef(found.ravel(), truth_of.ravel())[0, 1] > 0.99
    np.testing.assert_allclose(found.mean(axis=1), truth_of.mean(axis=1), atol=0.05)


def test_a_trimmed_mean_by_hand():
    # ten networks of one target and three points; rows sum to 0, the last is longer than the others
    rows = np.outer(np.arange(1.0, 11.0), [1.0, -1.0, 0.0])
    rows[-1] *= 100
    rows[3] += 7
    usual = 5.5
    # brought to the median length: 1, 2, 3, 4, 5, then all of 5.5, of which the smallest and largest are left out
    each = np.sort(np.minimum(np.arange(1.0, 11.0), usual))[1:-1].mean()
    np.testing.assert_allclose(means.trimmed([row[None] for row in rows]), [[each, -each, 0.0]], atol=1e-12)


def test_of_one_network_it_is_that_network():
    pairs = np.random.default_rng(1).normal(size=(2, 9))
    np.testing.assert_allclose(means.trimmed([pairs]), pairs)


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    return rng.normal(size=(N + TARGETS, 2)).astype(np.float32), rng.integers(0, 2, N + TARGETS)


def a_run(points, folder, recipe, **more):
    x, y = points
    arrays = {"x_train": x[:N], "y_train": y[:N], "x_test": x[N:], "y_test": y[N:]}
    hdf5.write(folder / "data.h5", arrays, {"class_names": ["a", "b"]})
    settings = {"unrolled.subsets": copy.deepcopy(CHOSEN)} | more
    return Run({"data": folder / "data.h5"}, settings, True, recipe, seed=3, work=folder)


@pytest.mark.slow
@pytest.mark.parametrize("weights", [None, [1.0, 3.0]], ids=["plain", "class weights"])
def test_scores_are_the_trimmed_mean_of_derivatives_at_the_subsets(points, tmp_path, weights):
    recipe = RECIPE | {"dropout": 0.5, "training": SHORT} | ({"class_weights": weights} if weights else {})
    (x, y), asked = points, np.array([2, 0])
    each = []
    for mask in subsets.random_subsets(N, 0.6, 0, NETWORKS, 2, truth.ATTRIBUTED):
        training = replay.of_recipe(recipe, x[:N], y[:N], 2, 3)
        slope = lambda logits: margin_gradients(logits, y[N:][asked])  # noqa: E731
        each.append(metagradient.metagradient(training, x[N:][asked], slope, "t", weights=mask.astype(float))[0])
    assert min(np.abs(a - b).max() for i, a in enumerate(each) for b in each[:i]) > 1e-3
    run = a_run(points, tmp_path, recipe)
    np.testing.assert_allclose(MetagradientSubsets().pairs(run, asked), means.trimmed(each), rtol=1e-4, atol=1e-7)
    assert run.facts["networks"] == NETWORKS and run.facts["alpha"] == 0.6 and run.facts["growth"] > 0


@pytest.mark.slow
def test_what_is_finished_is_kept(points, tmp_path, monkeypatch):
    recipe, asked, begun = RECIPE | {"training": SHORT}, np.arange(TARGETS), []
    expected = MetagradientSubsets().pairs(a_run(points, tmp_path, recipe), asked)
    (tmp_path / "3.h5").unlink()
    whole = metagradient.metagradient

    def counted(*given, weights, **more):
        begun.append(weights)
        return whole(*given, weights=weights, **more)

    monkeypatch.setattr(metagradient, "metagradient", counted)
    took = sum(float(hdf5.attributes(tmp_path / f"{number}.h5")["seconds"]) for number in (0, 1, 2, 4))
    run = a_run(points, tmp_path, recipe)
    np.testing.assert_array_equal(MetagradientSubsets().pairs(run, asked), expected)
    # what was done before the kill counts among the method's seconds
    assert run.facts["seconds_before"] == pytest.approx(took) and took > 0
    np.testing.assert_array_equal(begun, subsets.random_subsets(N, 0.6, 3, 1, 2, truth.ATTRIBUTED))


@pytest.mark.slow
def test_a_subset_of_all_points_is_the_metagradient(points, tmp_path):
    recipe, asked = RECIPE | {"training": SHORT}, np.arange(TARGETS)
    run = a_run(points, tmp_path, recipe, **{"unrolled.subsets": {"networks": 1, "alpha": 1.0, "seed": 0}})
    found = MetagradientSubsets().pairs(run, asked)
    (tmp_path / "again").mkdir()
    plain = Metagradient().pairs(a_run(points, tmp_path / "again", recipe), asked)
    np.testing.assert_allclose(found, plain, rtol=1e-4, atol=1e-6)
