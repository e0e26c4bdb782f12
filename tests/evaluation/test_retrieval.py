"""Retrieval of partners on closed forms: ranks, ties, noise, permutation, bootstrap intervals."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from attribution.evaluation import retrieval
from attribution.groups import greedy
from attribution.influence import points as influence
from attribution.methods import base
from attribution.numerics import hessian, residuals, similarity, solvers
from attribution.workflow import registry

# what methods read of a run
ARRAYS = ("features", "residuals", "solve", "own", "step_norm")


@pytest.fixture(scope="module")
def layer():
    rng = np.random.default_rng(0)
    n, d, c = 120, 6, 3
    h = np.concatenate([rng.normal(size=(n, d - 1)), np.ones((n, 1))], axis=1)
    # points 60.. repeat 0..59 with a little noise: each is the partner of the other
    h[60:, :-1] = h[:60, :-1] + 1e-3 * rng.normal(size=(60, d - 1))
    labels = np.tile(rng.integers(0, c, 60), 2)
    logits = h @ rng.normal(size=(d, c))
    r = residuals.residuals(logits, labels)
    lower = hessian.factor(hessian.hessian_sum(h, logits) / n, 1e-3)
    solve = partial(solvers.exact, lower)
    return h, r, solve, *influence.self_influence(h, r, solve)


def rule_score(layer, rule, direction):
    run, sign = SimpleNamespace(**dict(zip(ARRAYS, layer, strict=True))), {"max": 1, "min": -1}[direction]
    run.queried = run
    method = base.resolve(registry.METHODS[rule])
    return lambda q: sign * method.pairs(run, q)


def scores_of(layer, images):
    h, r, *_ = layer
    by_influence = {f"{rule} {end}": rule_score(layer, rule, end) for rule in greedy.RULES for end in ("max", "min")}
    return by_influence | {
        "embedding L2": similarity.distance(h[:, :-1]),
        "embedding cosine": similarity.cosine(h[:, :-1]),
        "gradient cosine": similarity.gradient_cosine(h, r),
        "pixel L2": similarity.distance(images),
    }


def test_scores_are_their_definitions(layer):
    h, r, solve, *_ = layer
    images = np.random.default_rng(1).integers(0, 256, (120, 5, 5, 3), dtype=np.uint8)
    q = np.array([3, 70])
    found = {name: score(q) for name, score in scores_of(layer, images).items()}
    g = influence.gradients(h, r)
    kernel = g @ solve(g.T)
    white = kernel / np.sqrt(np.outer(np.diag(kernel), np.diag(kernel)))
    expected = {
        "influence max": kernel[q],
        "influence min": -kernel[q],
        "objective max": 2 * kernel[q] + np.diag(kernel),
        "theta-relative max": kernel[q] / np.linalg.norm(solve(g.T), axis=0),
        "l-relative max": white[q],
        "embedding L2": -((h[q][:, None, :-1] - h[:, :-1]) ** 2).sum(axis=2),
        "embedding cosine": (
            (h[q, :-1] @ h[:, :-1].T) / np.linalg.norm(h[q, :-1], axis=1)[:, None] / np.linalg.norm(h[:, :-1], axis=1)
        ),
        "gradient cosine": (g[q] @ g.T) / np.linalg.norm(g[q], axis=1)[:, None] / np.linalg.norm(g, axis=1),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-7, atol=1e-9, err_msg=name)
    flat = images.reshape(120, -1).astype(np.int64)
    # exact for integers: the images' dtype must not overflow
    np.testing.assert_array_equal(found["pixel L2"], -((flat[q][:, None] - flat) ** 2).sum(axis=2))


def test_near_copies_are_found_and_ranks_do_not_depend_on_blocks_or_order(layer):
    queries, partners = np.arange(60), np.arange(60, 120)
    images = layer[0][:, :-1].astype(np.float32)
    order = np.random.default_rng(2).permutation(120)
    place = np.argsort(order)
    h, r, solve, own, norm = layer
    moved = scores_of((h[order], r[order], solve, own[order], norm[order]), images[order])
    for name, score in scores_of(layer, images).items():
        found = retrieval.ranks(score, queries, partners)
        np.testing.assert_array_equal(retrieval.ranks(score, queries, partners, block=7), found)
        np.testing.assert_array_equal(retrieval.ranks(moved[name], place[queries], place[partners]), found)
        if name in ("l-relative max", "embedding L2", "embedding cosine", "gradient cosine", "pixel L2"):
            assert (found == 1).all(), name
        if name == "l-relative min":
            assert (found == 119).all()


def test_rank_of_a_known_order_and_ties_count_against():
    values = np.array([[9.0, 4.0, 4.0, 7.0, 1.0], [2.0, 9.0, 2.0, 2.0, 2.0]])
    found = retrieval.ranks(lambda q: values[q], np.array([0, 1]), np.array([1, 3]))
    # point 0: only 3 is better, 2 is tied; point 1: all four others tie
    assert found.tolist() == [3, 4]
    found = retrieval.ranks(lambda q: np.zeros((len(q), 100)), np.arange(100), (np.arange(100) + 1) % 100)
    assert (found == 99).all()


def test_random_scores_give_recall_near_k_over_n():
    n = 400
    rng = np.random.default_rng(0)
    queries = rng.integers(0, n, 4000)
    partners = (queries + rng.integers(1, n, 4000)) % n
    x = rng.normal(size=(n, 30))
    noise = rng.normal(size=(n, n))
    for score in (lambda q: noise[q], similarity.cosine(x)):
        found = retrieval.outcomes(retrieval.ranks(score, queries, partners))
        for k in (1, 10, 25):
            expected = k / (n - 1)
            error = np.sqrt(expected * (1 - expected) / 4000)
            assert abs(found[f"recall@{k}"].mean() - expected) < 5 * error
        assert found["mrr"].mean() == pytest.approx((1 / np.arange(1, n)).sum() / (n - 1), rel=0.2)


def test_ranks_in_groups():
    groups = [np.array([4, 9, 2]), np.array([7, 5]), np.array([1, 0, 3])]
    found = retrieval.group_ranks(groups, [4, 7, 1], [2, 9, 0])
    assert found.tolist() == [2, np.inf, 1]
    values = retrieval.outcomes(found, (1, 2))
    assert values["recall@1"].tolist() == [0, 0, 1] and values["recall@2"].tolist() == [1, 0, 1]
    assert values["mrr"].tolist() == [0.5, 0, 1]
    with pytest.raises(ValueError, match="group of point 8 does not hold it"):
        retrieval.group_ranks(groups, [4, 8, 1], [2, 9, 0])


def test_first_member_of_a_group_is_the_first_rank(layer):
    h, r, solve, own, norm = layer
    queries = np.arange(0, 60, 7)
    for rule in greedy.RULES:
        for direction in ("max", "min"):
            groups = greedy.grow(
                h, r, solve, own, norm, [[q] for q in queries], 2, rule, direction, np.arange(120, dtype=np.uint64)
            )
            score = rule_score(layer, rule, direction)
            second = np.array([group.members[1] for group in groups])
            assert (retrieval.ranks(score, queries, second) == 1).all(), (rule, direction)


def test_intervals_cover_the_truth_and_are_seeded():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        values = (rng.random(150) < 0.3).astype(float)
        low, high = retrieval.interval(values, 500, 0.9, 1)
        assert low <= values.mean() <= high
        covered += low <= 0.3 <= high
    # binomial(200, 0.9): five standard deviations are 21
    assert 159 <= covered <= 200
    assert retrieval.interval(values, 500, 0.9, 1) == (low, high)
    assert retrieval.interval(np.ones(10), 100, 0.9, 1) == (1.0, 1.0)


def test_tables_hold_every_metric_and_pair_the_queries():
    rng = np.random.default_rng(0)
    good = rng.integers(1, 12, 80)
    rank = {"good": good, "worse": good + 2, "bad": np.full(80, 300)}
    table = retrieval.table(rank, resamples=300).set_index(["method", "metric"])
    assert table.loc[("bad", "recall@25"), ["value", "low", "high"]].tolist() == [0, 0, 0]
    assert table.loc[("good", "recall@10"), "value"] == (good <= 10).mean()
    assert table.loc[("good", "mrr"), "value"] == pytest.approx((1 / good).mean())
    assert (table["low"] <= table["value"]).all() and (table["value"] <= table["high"]).all() and len(table) == 12
    paired = retrieval.differences(rank, "good", resamples=300).set_index(["method", "metric"])
    assert set(paired.index.get_level_values("method")) == {"worse", "bad"}
    assert paired.loc[("worse", "mrr"), "high"] < 0
    # both always within 25: a paired difference has no spread, two unpaired ones would
    assert paired.loc[("worse", "recall@25"), ["value", "low", "high"]].tolist() == [0, 0, 0]


def test_what_cannot_be_ranked_is_refused():
    with pytest.raises(ValueError, match="point 3 is given as its own partner"):
        retrieval.ranks(lambda q: np.zeros((len(q), 9)), [3], [3])
    with pytest.raises(ValueError, match="scores of point 2 hold NaN"):
        retrieval.ranks(lambda q: np.full((len(q), 9), np.nan), [2], [3])
    with pytest.raises(ValueError, match="1 of 3 vectors have length zero"):
        similarity.cosine(np.array([[1.0], [0.0], [2.0]]))


def test_residuals_too_small_to_square_have_a_cosine():
    h, r = np.ones((3, 2)), np.array([[1e-200, -1e-200], [2.0, -2.0], [1.0, 1.0]])
    np.testing.assert_allclose(similarity.gradient_cosine(h, r)(np.array([0])), [[1, 1, 0]], atol=1e-12)
