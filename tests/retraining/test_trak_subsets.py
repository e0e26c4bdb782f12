"""TRAK over networks trained on random subsets: the mean of its formula over the networks that truths are made of."""

import copy

import keras
import numpy as np
import pytest

from attribution.files import hdf5
from attribution.influence import all_layers
from attribution.methods.retraining.trak_subsets import TrakSubsets
from attribution.methods.run import Run
from attribution.numerics import residuals
from attribution.retraining import subsets, truth, whole_networks
from attribution.training import replay
from trained_discs import RECIPE

N, TARGETS, NETWORKS = 24, 5, 3
RIDGE, ALPHA = 0.5, 0.6
DRAWN = RECIPE | {"dropout": 0.5, "training": RECIPE["training"] | {"epochs": 3, "batch_size": 8}}
# a change of the inputs that changes nothing: networks of it are trained one by one
ALONE = DRAWN | {"rescale": {"from": [0, 1], "to": [0, 1]}}
SETTINGS = {
    "trak.projection": "none", "trak.blocks": 1, "trak.ridge": RIDGE, "trak.seed": 5, "influence.batch_size": 7,
    "trak.subsets": {"alpha": ALPHA, "networks": NETWORKS, "seed": 4}, "influence.matrix_gb": 1.0,
}  # fmt: skip
# float32 of the network
CLOSE = {"rtol": 1e-3, "atol": 1e-6}
pytestmark = pytest.mark.slow


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(N + TARGETS, 2)).astype(np.float32), rng.integers(0, 2, N + TARGETS)
    return x, y


def a_run(points, folder, recipe, tested=True, **more):
    x, y = points
    arrays = {"x_train": x[:N], "y_train": y[:N], "x_test": x[N:], "y_test": y[N:]}
    hdf5.write(folder / "data.h5", arrays, {"class_names": ["a", "b"]})
    return Run({"data": folder / "data.h5"}, copy.deepcopy(SETTINGS) | more, tested, recipe, seed=3, work=folder)


def kept_by(recipe):
    return subsets.random_subsets(N, ALPHA, 0, NETWORKS, 4, truth.ATTRIBUTED)


def networks_of(recipe, points):
    """Each network by a replay of its own, on a model of its own."""
    x, y = points
    found = []
    for mask in kept_by(recipe):
        training = replay.of_recipe(recipe, x[:N], y[:N], 2, 3)
        end = replay.run(training, mask.astype(float))
        model = replay.network(recipe, x[:N], 2, 3)
        model.set_weights([value.numpy() for value in end.theta])
        found.append(model)
    return found


def formula(model, x, y, ridge, weights=None):
    """(t, n) phi_t^T (sum_i w_i phi_i phi_i^T + ridge)^-1 phi_i w_i (1 - p_i), from a Jacobian of the logits."""
    logits, jacobian = all_layers.jacobian(model, x, len(x))
    phi = np.einsum("nck,nc->nk", jacobian, residuals.margin_gradients(logits, y)).astype(np.float64)
    w = np.ones(N) if weights is None else weights
    train, asked = phi[:N], phi[N:]
    gram = (train * w[:, None]).T @ train
    inverse = np.linalg.inv(gram + ridge * np.trace(gram) / N * np.eye(phi.shape[1]))
    p = 1 / (1 + np.exp(-residuals.margins(logits[:N], y[:N])))
    return asked @ inverse @ train.T * (w * (1 - p))


@pytest.mark.parametrize("recipe", [DRAWN, ALONE], ids=["at once", "one by one"])
def test_scores_are_the_mean_of_the_formula_over_the_networks(points, tmp_path, recipe):
    run, x, y = a_run(points, tmp_path, recipe), *points
    each = [formula(model, x, y, RIDGE) for model in networks_of(recipe, points)]
    assert min(np.abs(a - b).max() for i, a in enumerate(each) for b in each[:i]) > 1e-3
    found = TrakSubsets().pairs(run, np.array([3, 0]))
    np.testing.assert_allclose(found, np.mean(each, axis=0)[[3, 0]], **CLOSE)
    assert run.facts == {"networks": NETWORKS, "alpha": ALPHA}


def test_with_class_weights_they_are_those_of_the_weighted_objective(points, tmp_path):
    recipe, weights = ALONE | {"class_weights": [1.0, 3.0]}, np.where(points[1][:N] == 1, 3.0, 1.0)
    each = [formula(model, *points, RIDGE, weights) for model in networks_of(recipe, points)]
    run = a_run(points, tmp_path, recipe, class_weights=[1.0, 3.0])
    np.testing.assert_allclose(TrakSubsets().pairs(run, np.arange(TARGETS)), np.mean(each, axis=0), **CLOSE)


def test_points_are_what_pairs_say_of_their_own_losses(points, tmp_path):
    x, y = points
    found = TrakSubsets().points(a_run(points, tmp_path, DRAWN, tested=False))
    each = []
    for model in networks_of(DRAWN, points):
        logits = np.asarray(model(x[:N]))
        p = 1 / (1 + np.exp(-residuals.margins(logits, y[:N])))
        both = (np.concatenate([x[:N], x[:N]]), np.concatenate([y[:N], y[:N]]))
        each.append(np.diag(formula(model, *both, RIDGE)) * (1 - p))
    np.testing.assert_allclose(found, np.mean(each, axis=0), **CLOSE)


def test_a_projection_that_loses_nothing_gives_the_same_and_one_that_does_is_drawn_anew_for_each_network(
    points, tmp_path
):
    targets = np.arange(TARGETS)
    whole = TrakSubsets().pairs(a_run(points, tmp_path, DRAWN), targets)
    for path in tmp_path.glob("pairs-*"):
        path.unlink()
    wide = a_run(points, tmp_path, DRAWN, **{"trak.projection": 10**6})
    np.testing.assert_allclose(TrakSubsets().pairs(wide, targets), whole, **CLOSE)
    # networks that are all alike, so that what differs is the projection
    alike = {"trak.subsets": {"alpha": 1.0, "networks": 2, "seed": 4}, "trak.projection": 6}
    for path in tmp_path.glob("pairs-*"):
        path.unlink()
    TrakSubsets().pairs(a_run(points, tmp_path, DRAWN, **alike), targets)
    first, second = (hdf5.read(tmp_path / f"pairs-{number}.h5", "pairs")[0] for number in (0, 1))
    assert np.abs(first - second).max() > 1e-2 * np.abs(first).max()


def test_what_is_finished_is_kept_and_no_network_of_it_trained_again(points, tmp_path, monkeypatch):
    targets, asked = np.arange(TARGETS), []
    expected = TrakSubsets().pairs(a_run(points, tmp_path, ALONE), targets)
    (tmp_path / "pairs-1.h5").unlink()
    run = replay.run
    monkeypatch.setattr(replay, "run", lambda training, mask: asked.append(mask) or run(training, mask))
    took = sum(float(hdf5.attributes(tmp_path / f"pairs-{number}.h5")["seconds"]) for number in (0, 2))
    again = a_run(points, tmp_path, ALONE)
    np.testing.assert_array_equal(TrakSubsets().pairs(again, targets), expected)
    # what was done before the kill counts among the method's seconds
    assert again.facts["seconds_before"] == pytest.approx(took) and took > 0
    np.testing.assert_array_equal(asked, kept_by(ALONE)[[1]])


def test_networks_are_those_whose_margins_the_truth_tells(points):
    x, y = points
    kept = kept_by(DRAWN)
    expected = whole_networks.retrained(DRAWN, x[:N], y[:N], x[N:], y[N:], 2, 3, kept, "truth")
    for recipe in (DRAWN, ALONE):
        networks = whole_networks.networks(recipe, x[:N], y[:N], 2, 3, kept, "subsets")
        found = [residuals.margins(np.asarray(model(x[N:])), y[N:]) for model in networks]
        np.testing.assert_allclose(found, expected, **CLOSE)


def test_a_training_that_diverges_is_said(points, monkeypatch):
    x, y = points
    broken = ALONE | {"training": ALONE["training"] | {"learning_rate": 1e38}}
    with pytest.raises(RuntimeError, match="subsets: network 0 diverged; lower"):
        list(whole_networks.networks(broken, x[:N], y[:N], 2, 3, kept_by(broken), "subsets"))


def test_the_state_of_layers_comes_with_the_weights():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.BatchNormalization()(inputs)))
    state = replay.State([v.value + 1 for v in model.trainable_variables], [], [],
                         [v.value + 2 for v in model.non_trainable_variables], 0)  # fmt: skip
    before = model.get_weights()
    replay.assign(model, state)
    found = dict(zip([v.path for v in model.variables], model.get_weights(), strict=True))
    trained = {v.path for v in model.trainable_variables}
    for variable, old in zip(model.variables, before, strict=True):
        np.testing.assert_allclose(found[variable.path], old + (1 if variable.path in trained else 2))
