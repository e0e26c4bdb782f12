"""Weights boundary of groups in the last layer: exact against brute force and KKT, iterations against exact."""

import itertools

import keras
import numpy as np
import pytest
from scipy.optimize import minimize

from attribution.boundary import bound as boundary_bound
from attribution.boundary import exact as boundary_exact
from attribution.boundary import groups as boundary_groups
from attribution.boundary import points as boundary
from attribution.numerics.residuals import predictions

GAP = 1e-9  # relative, between the two bounds of a quadratic programme
FOUND_BY_SOLVER = 1e-5  # relative, agreement with a general solver
SETTINGS = {
    "max_steps": 100, "passes": 100, "orders": 4, "nodes": 1000, "seed": 0, "max_norm": 1e9,
    "optimizer": {"name": "adam", "learning_rate": 0.05, "momentum": 0.0},
}  # fmt: skip


def layer(columns, n=60, d=6, seed=0):
    rng = np.random.default_rng(seed)
    features = np.concatenate([np.maximum(rng.normal(size=(n, d - 1)), 0), np.ones((n, 1))], axis=1)
    return features, rng.normal(size=(d, columns))


def one_class(features, weights, size, seed=0):
    """Members of the largest predicted class."""
    predicted = predictions(features @ weights)
    chosen = np.flatnonzero(predicted == np.bincount(predicted).argmax())
    return np.random.default_rng(seed).choice(chosen, min(size, len(chosen)), replace=False)


def constraints(features, weights, target):
    predicted = predictions(features @ weights)
    e = boundary.directions(predicted, target, weights.shape[1])
    rows = (features[:, :, None] * e[:, None]).reshape(len(features), -1)
    full, index = boundary.class_logits(features @ weights), np.arange(len(features))
    return rows, full[index, predicted] - full[index, target]


@pytest.mark.parametrize("columns", [1, 2, 3, 10])
def test_a_group_of_one_is_the_closed_form(columns):
    features, weights = layer(columns)
    single = boundary.closed_form(features, weights)
    members = np.arange(len(features))[:, None]
    for form in ("exact", "mean"):
        found = boundary_groups.score(features, weights, members, form, SETTINGS)
        np.testing.assert_allclose(found.score, single.score, rtol=1e-7)
        assert found.solved.all() and (found.share == 1).all()
    for form in ("batch", "universal"):
        found = boundary_groups.score(features, weights, members, form, SETTINGS)
        np.testing.assert_allclose(found.score, (1 + boundary_groups.ITERATIVE_OVERSHOOT) * single.score, rtol=1e-4)
        assert found.solved.all()


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("size", [2, 5, 20])
def test_the_programme_meets_its_kkt_conditions_and_a_general_solver(columns, size):
    features, weights = layer(columns)
    group = features[one_class(features, weights, size)]
    target = boundary.runner_up(group @ weights, predictions(group @ weights))
    found = boundary_exact.solve(group, weights, target)
    rows, gaps = constraints(group, weights, target)
    move = boundary_exact.change(group, weights, found).ravel()
    slack = rows @ move - gaps
    assert found.feasible and (found.score - found.bound) <= GAP * found.bound
    assert (slack >= -GAP * np.abs(gaps).max()).all()  # primal feasible
    assert (found.multipliers >= 0).all()  # dual feasible
    assert np.abs(found.multipliers * slack).max() <= 1e-7 * found.score**2  # complementary
    np.testing.assert_allclose(np.linalg.norm(move), found.score, rtol=1e-12)
    general = minimize(
        lambda x: 0.5 * x @ x, move + 0.1, jac=lambda x: x, method="SLSQP", options={"ftol": 1e-15, "maxiter": 1000},
        constraints={"type": "ineq", "fun": lambda x: rows @ x - gaps, "jac": lambda x: rows},
    )  # fmt: skip
    np.testing.assert_allclose(np.linalg.norm(general.x), found.score, rtol=FOUND_BY_SOLVER)


def test_the_descent_over_targets_against_all_choices():
    ratios = []
    for seed in range(12):
        features, weights = layer(3, seed=seed)
        group = features[np.random.default_rng(seed).choice(len(features), 4, replace=False)]
        predicted = predictions(group @ weights)
        others = [[c for c in range(3) if c != p] for p in predicted]
        lengths = [
            boundary_exact.solve(group, weights, np.array(choice)).score for choice in itertools.product(*others)
        ]
        found = boundary_exact.smallest(group, weights)
        assert found.score >= np.nanmin(lengths) * (1 - GAP)
        np.testing.assert_allclose(found.score, boundary_exact.solve(group, weights, found.target).score, rtol=1e-9)
        ratios.append(found.score / np.nanmin(lengths))
    assert np.mean(np.array(ratios) < 1 + 1e-9) >= 0.75 and max(ratios) < 1.3


@pytest.mark.parametrize("columns", [1, 3])
def test_the_search_finds_the_shortest_of_all_choices_and_its_bound_holds_at_any_time(columns):
    worse = 0
    for seed in range(12):
        features, weights = layer(columns, seed=seed)
        group = features[np.random.default_rng(seed).choice(len(features), 4, replace=False)]
        predicted = predictions(group @ weights)
        others = [[c for c in range(max(columns, 2)) if c != p] for p in predicted]
        tried = [boundary_exact.solve(group, weights, np.array(choice)) for choice in itertools.product(*others)]
        shortest = np.nanmin([found.score for found in tried])
        # from a poor start, so that the search itself has to find it
        poor = max((found for found in tried if found.feasible), key=lambda found: found.score)
        found = boundary_bound.prove(group, weights, poor, 1000)
        np.testing.assert_allclose([found.score, found.bound], shortest, rtol=1e-8)
        np.testing.assert_allclose(boundary_exact.solve(group, weights, found.target).score, shortest, rtol=1e-8)
        assert found.gap < 1e-8
        bounds = [boundary_bound.prove(group, weights, poor, nodes).bound for nodes in range(found.nodes + 1)]
        assert (np.diff(bounds) >= 0).all() and (np.array(bounds) <= shortest * (1 + 1e-9)).all()
        # nothing searched: the member that is farthest from another class
        np.testing.assert_allclose(bounds[0], boundary.closed_form(group, weights).score.max(), rtol=1e-9)
        worse += boundary_exact.smallest(group, weights).score > shortest * (1 + 1e-6)
    assert columns == 1 or worse  # a descent alone does not do


@pytest.mark.parametrize("seed", [0, 2])
def test_the_search_closes_groups_of_many_choices_that_restarts_do_not_solve(seed):
    """24 members of six classes: 5^24 choices."""
    features, weights = layer(6, d=10, seed=seed)
    rng = np.random.default_rng(seed)
    group = features[rng.choice(len(features), 24, replace=False)]
    known = boundary_exact.smallest(group, weights)
    found = boundary_bound.prove(group, weights, known, 500)
    assert found.gap < 1e-8 and found.score < 0.97 * known.score
    np.testing.assert_allclose(boundary_exact.solve(group, weights, found.target).score, found.score, rtol=1e-8)
    predicted = predictions(group @ weights)
    for _ in range(5):
        start = (predicted + rng.integers(1, 6, len(group))) % 6
        assert boundary_exact.smallest(group, weights, start).score > found.bound * (1 + 1e-3)
    # a search that was stopped: a better move than it began with, and a bound that the shortest one keeps
    short = boundary_bound.prove(group, weights, known, 20)
    assert short.score <= known.score and 0.7 * found.score < short.bound <= found.bound * (1 + 1e-9)


def test_contradicting_members_are_shown_to_be_infeasible():
    features, weights = layer(2)
    h = features[:1]
    # the same features twice, once as they are and once as if the other class were predicted
    kernel = (h @ h.T) * np.array([[2.0, -2.0], [-2.0, 2.0]])
    found = boundary_exact.least_distance(kernel, np.array([1.0, 0.5]))
    u = found.multipliers
    assert not found.feasible and np.isnan(found.score) and (u >= 0).all()
    # Farkas: u >= 0 with u^T K u = 0 and u^T b > 0
    assert u @ kernel @ u < 1e-9 * (u @ u) * kernel[0, 0] and u @ [1.0, 0.5] > 0
    # a member without features is out of every move's reach
    zero = boundary_groups.score(np.concatenate([h, 0 * h]), weights, np.array([[0, 1]]), "exact", SETTINGS)
    assert not zero.solved[0] and np.isnan(zero.score[0]) and zero.share[0] < 1


def test_of_two_orders_that_leave_members_unchanged_the_one_that_leaves_fewer_counts(monkeypatch):
    features, weights = layer(3, n=20)
    members = np.arange(6)[None]
    whole = boundary_groups.batch_of(features, weights, members)
    moves, calls = [0.05, 0.5], []

    def passes(tried, turn, count):
        # a short move that changes nobody, then a long one that changes some
        tried.weights[:] += moves[len(calls)] * np.outer(features[:3].sum(axis=0), [1.0, -1.0, 0.0])
        calls.append(turn)
        return np.ones(1, np.int64)

    monkeypatch.setattr(boundary_groups, "_universal_passes", passes)
    shares = []
    for order in ([0.05, 0.5], [0.5, 0.05]):
        moves, calls = order, []
        shares.append(boundary_groups.universal(whole, SETTINGS | {"orders": 2}).share[0])
    assert shares[0] == shares[1] == max(shares) and 0 < shares[0] < 1


def test_simple_raises_the_loss_of_the_labels_where_they_are_given():
    features, weights = layer(3, n=200)
    predicted = predictions(features @ weights)
    members, labels = np.arange(4)[:, None], (predicted + 1) % 3
    score = boundary_groups.score
    own = score(features, weights, members, "simple", SETTINGS)
    same = score(features, weights, members, "simple", SETTINGS, predicted)
    np.testing.assert_array_equal(own.score, same.score)
    short = SETTINGS | {"max_steps": 1}
    moved = score(features, weights, members, "simple", short, labels)
    other = score(features, weights, members, "simple", short)
    # pushed away from the label: its prediction stays
    assert not moved.solved.any() and not np.allclose(moved.norm, other.norm, rtol=1e-6)


@pytest.mark.parametrize("form", boundary_groups.FORMS)
@pytest.mark.parametrize("columns", [1, 4])
def test_solved_groups_are_predicted_otherwise_and_none_is_shorter_than_exact(form, columns):
    features, weights = layer(columns, n=200)
    groups = [one_class(features, weights, size, seed) for seed, size in enumerate([2, 3, 7, 15, 30])]
    members = boundary_groups.padded(groups)
    kept = features.copy(), weights.copy()
    found = boundary_groups.score(features, weights, members, form, SETTINGS)
    exact = boundary_groups.score(features, weights, members, "exact", SETTINGS)
    assert found.solved.all()
    np.testing.assert_array_equal(kept[0], features)
    np.testing.assert_array_equal(kept[1], weights)
    before = predictions(features @ weights)
    for j, group in enumerate(groups):
        after = found.target[j, : len(group)]
        assert (found.target[j, len(group) :] == -1).all()
        assert found.share[j] == np.mean(after != before[group])
    if form != "mean":
        assert (found.share == 1).all()
        assert (found.score >= exact.bound * (1 - GAP)).all()
    if form == "exact":
        np.testing.assert_allclose(found.score, found.bound, rtol=1e-8)
    else:
        assert np.isnan(found.bound).all()


@pytest.mark.parametrize("form", boundary_groups.FORMS)
def test_chunks_padding_and_order_of_groups_do_not_matter(form, monkeypatch):
    features, weights = layer(4, n=120)
    groups = [one_class(features, weights, size, seed) for seed, size in enumerate([4, 9, 2, 6])]
    settings = SETTINGS | {"orders": 1}
    whole = boundary_groups.score(features, weights, boundary_groups.padded(groups), form, settings)
    monkeypatch.setattr(boundary_groups, "CHUNK_BYTES", 1)
    alone = boundary_groups.score(features, weights, boundary_groups.padded(groups), form, settings)
    np.testing.assert_allclose(whole.score, alone.score, rtol=1e-10)
    turned = boundary_groups.score(features, weights, boundary_groups.padded(groups[::-1]), form, settings)
    np.testing.assert_allclose(whole.score, turned.score[::-1], rtol=1e-10)


@pytest.mark.parametrize("form", ["exact", "mean", "batch", "universal"])
def test_scale_law(form):
    features, weights = layer(4)
    members = one_class(features, weights, 8)[None]
    base = boundary_groups.score(features, weights, members, form, SETTINGS)
    for a in (0.01, 50.0):
        scaled = boundary_groups.score(features, a * weights, members, form, SETTINGS)
        np.testing.assert_allclose(scaled.score, a * base.score, rtol=1e-7)


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_gradient_ascent_is_the_optimiser_of_keras(name):
    features, weights = layer(3)
    members = one_class(features, weights, 10)
    optimizer = {"name": name, "learning_rate": 0.01, "momentum": 0.9}
    settings = SETTINGS | {"max_steps": 7, "optimizer": optimizer}
    found = boundary_groups.score(features, 10 * weights, members[None], "simple", settings)
    assert not found.solved.any() and np.isnan(found.score).all() and found.share[0] < 1 and found.steps[0] == 7

    variable = keras.Variable(10 * weights, dtype="float64")
    twin = keras.optimizers.Adam(0.01) if name == "adam" else keras.optimizers.SGD(0.01, momentum=0.9)
    twin.build([variable])
    labels = predictions(features[members] @ weights)
    for _ in range(7):
        logits = features[members] @ variable.numpy()
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        gradient = features[members].T @ (p - np.eye(3)[labels]) / len(members)
        twin.apply([-gradient], [variable])
    np.testing.assert_allclose(found.norm[0], np.linalg.norm(variable.numpy() - 10 * weights), rtol=1e-5)


def test_what_is_too_far_is_unsolved_and_never_scored():
    features, weights = layer(3)
    members = one_class(features, weights, 10)[None]
    for changed in ({"max_norm": 1e-6}, {"max_steps": 1}):
        found = boundary_groups.score(features, weights, members, "simple", SETTINGS | changed)
        assert not found.solved[0] and np.isnan(found.score[0]) and found.share[0] < 1 and found.norm[0] > 0
    with pytest.raises(ValueError, match="1 groups have no member"):
        boundary_groups.score(features, weights, np.array([[0, 1], [-1, -1]]), "mean", SETTINGS)
    with pytest.raises(ValueError, match="boundary form is 'best'"):
        boundary_groups.score(features, weights, members, "best", SETTINGS)


@pytest.mark.parametrize("columns", [1, 3])
def test_the_gradient_of_a_certain_prediction_is_not_zero(columns):
    """Logits far apart: p - onehot is 0 to rounding, the residual is exp(-difference)."""
    features, weights = np.array([[1.0, 1.0]]), np.zeros((2, columns))
    weights[0, 0] = 50.0
    sgd = {"name": "sgd", "learning_rate": 1e24, "momentum": 0.0}
    found = boundary_groups.score(
        features, weights, np.array([[0]]), "simple", SETTINGS | {"optimizer": sgd, "max_norm": 1e99}
    )
    slope = np.exp(-50.0) * (np.sqrt(2) if columns == 1 else np.sqrt(2 * (4 + 1 + 1)))
    assert found.solved.all() and found.steps[0] == 1
    assert found.norm[0] == pytest.approx(1e24 * slope, rel=1e-9)
