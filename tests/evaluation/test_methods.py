"""Attribution methods, each on closed forms."""

from types import SimpleNamespace

import numpy as np
import pytest

from attribution.curvature import damping
from attribution.groups import greedy
from attribution.influence import points as influence
from attribution.methods import base, chosen_damping
from attribution.methods.distance import neighbours
from attribution.numerics import residuals, similarity
from attribution.partition import source
from attribution.workflow import registry
from small_run import N, method


def test_scores_of_points_are_their_definitions_and_unsolved_points_come_last():
    logits = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [0.0, 0.5, 4.0], [1.0, 0.0, 0.0]])
    features = np.array([[1.0], [1.0], [2.0], [1.0]])
    four = SimpleNamespace(
        logits=logits, labels=np.array([0, 0, 1, 0]), features=features, own=np.arange(4.0),
        out_of_sample=logits + 1e-3,
        boundary=(np.arange(4), np.array([0.5, 1.5, 2.5, np.nan])),
    )  # fmt: skip
    found = {
        name: method(name).points(four) for name, text in registry.METHODS.items()
        if hasattr(base.resolve(text), "points") and (registry.told(name, "family") == "boundary" or "self" in name)
        # of a package that is not always there, see test_cleanlab
        and not name.startswith("cleanlab")
    }  # fmt: skip
    np.testing.assert_allclose(found["boundary-label"], np.array([-1, 3, 1.75, -1]) / np.sqrt(2))
    np.testing.assert_array_equal(found["boundary"], [-0.5, -1.5, -2.5, -np.inf])
    np.testing.assert_array_equal(found["boundary-signed"], [-0.5, 1.5, 2.5, -np.inf])
    np.testing.assert_allclose(found["margin"], [-1, 3, 3.5, -1])
    np.testing.assert_allclose(found["loss"], residuals.cross_entropy(logits, four.labels))
    np.testing.assert_allclose(found["margin-out-of-sample"], found["margin"])
    np.testing.assert_allclose(found["loss-out-of-sample"], found["loss"])
    np.testing.assert_array_equal(found["self-influence"], np.arange(4.0))
    two = SimpleNamespace(
        logits=np.array([[1.0], [-2.0]]), labels=np.array([1, 1]), features=np.array([[2.0], [2.0]]),
        boundary=(np.arange(2), np.array([1.0, 2.0])),
    )  # fmt: skip
    np.testing.assert_allclose(method("boundary-label").points(two), [-0.5, 1])
    np.testing.assert_allclose(method("margin").points(two), [-1, 2])
    np.testing.assert_allclose(method("boundary-signed").points(two), [-1, 2])


def test_a_boundary_of_some_points_is_scored_at_those(run):
    index, distance = np.array([4, 11, 60]), np.array([0.3, np.nan, 2.0])
    some = SimpleNamespace(**vars(run) | {"boundary": (index, distance)})
    agrees = run.logits[index].argmax(axis=1) == run.labels[index]
    found = method("boundary-signed").points(some)
    np.testing.assert_array_equal(found, np.where(agrees, [-0.3, -np.inf, -2], [0.3, np.inf, 2]))
    np.testing.assert_array_equal(method("boundary-signed").index(some), index)


def test_neighbours_with_another_label_are_counted_without_the_point_itself(run):
    rng = np.random.default_rng(4)
    embedding, labels = rng.normal(size=(70, 4)), rng.integers(0, 3, 70)
    unit = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    cosine = unit @ unit.T - 9 * np.eye(70)
    nearest = np.argsort(-cosine, axis=1)[:, :6]
    expected = (labels[nearest] != labels[:, None]).mean(axis=1)
    np.testing.assert_allclose(neighbours.other_labels(embedding, labels, 6), expected)
    distance = ((embedding[:, None] - embedding) ** 2).sum(axis=2) + 1e9 * np.eye(70)
    near = np.argsort(distance, axis=1)[:, :6]
    data = SimpleNamespace(x=embedding.reshape(70, 2, 2), labels=labels, settings={"inspection.neighbours": 6})
    np.testing.assert_allclose(method("input-neighbours").points(data), (labels[near] != labels[:, None]).mean(axis=1))
    with pytest.raises(ValueError, match=r"inspection\.neighbours is 70, but there are 70 points"):
        neighbours.other_labels(embedding, labels, 70)


def test_pairs_are_their_definitions(run):
    q = np.array([3, 70])
    run.settings["curvature.damping"] = {"mode": "kernel", "value": 3.0}
    g = influence.gradients(run.features, run.residuals)
    kernel = g @ run.solve(g.T)
    length = np.sqrt(np.diag(kernel))
    e, flat = run.embedding, run.x.reshape(N, -1).astype(np.int64)
    cosine = lambda a: (a[q] @ a.T) / np.linalg.norm(a[q], axis=1)[:, None] / np.linalg.norm(a, axis=1)  # noqa: E731
    p = np.exp(run.logits) / np.exp(run.logits).sum(axis=1, keepdims=True)
    spread = np.eye(p.shape[1]) * p[:, None] - p[:, :, None] * p[:, None]
    curved = np.einsum("nd,ne,ncf->dcef", run.features, run.features, spread)
    curved = curved.reshape(g.shape[1], -1) / N
    damped = np.linalg.solve(curved + 3 * np.trace(curved) / N * np.eye(len(curved)), g.T)
    expected = {
        "influence": kernel[q],
        "last-layer-damped": g[q] @ damped / N,
        "last-layer": kernel[q] / N,
        "objective": 2 * kernel[q] + np.diag(kernel),
        "theta-relative": kernel[q] / np.linalg.norm(run.solve(g.T), axis=0),
        "l-relative": kernel[q] / np.outer(length[q], length),
        "embedding-euclidean": -((e[q][:, None] - e) ** 2).sum(axis=2),
        "embedding-cosine": cosine(e),
        "embedding-cosine-same-class": cosine(e) + 2 * (run.labels[q][:, None] == run.labels),
        "gradient-cosine": cosine(g),
        "gradient-dot": g[q] @ g.T,
        "pixel-euclidean": -((flat[q][:, None] - flat) ** 2).sum(axis=2),
        "input-euclidean": -((flat[q][:, None] - flat) ** 2).sum(axis=2),
    }
    given = {name for name, text in registry.METHODS.items() if hasattr(base.resolve(text), "pairs")}
    # whose definitions stand in tests of their own
    elsewhere = {name for name in given if registry.told(name, "family") in ("unrolled", "retraining")}
    elsewhere |= {"random", "trak", "representer", "last-layer-rescaled", "kfac", "ekfac", "gauss-newton"}
    elsewhere |= {"network-gradient-dot", "convolution-cosine-same-class"}
    assert given - elsewhere == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(method(name).pairs(run, q), values, rtol=1e-7, atol=1e-9, err_msg=name)


def test_the_last_layer_takes_the_damping_that_agrees_best_with_the_training(run, monkeypatch):
    q, damped, asked = np.array([3, 70, 8, 11]), method("last-layer-damped"), []
    run.settings["curvature.damping"] = {"mode": "absolute", "value": 1.0, "targets": 2}
    damped.pairs(run, q)
    best = damping.GRID[9] * run.facts["trace"] / N
    run.settings["curvature.damping"]["value"] = best
    reference = damped.pairs(run, q)

    def derivative(run, targets):
        asked.append(targets)
        return reference[[0, 3]] * 5 + 1

    monkeypatch.setattr(chosen_damping, "derivative", derivative)
    run.settings["curvature.damping"]["mode"] = "trajectory"
    np.testing.assert_allclose(damped.pairs(run, q), reference, rtol=1e-8)
    assert [targets.tolist() for targets in asked] == [[3, 11]]
    assert run.facts["damping"] == pytest.approx(best) and run.facts["damping_agreement"] == pytest.approx(1)


def test_vectors_of_a_selection_rule_have_its_pairs_as_products_and_of_distances_their_distances(run):
    every = np.arange(N)
    steps = run.solve(influence.gradients(run.features, run.residuals).T)
    for name in ("influence", "l-relative", "theta-relative"):
        found = source.of_method(name, method(name), run, None, False)
        sums = np.stack([found.sums(np.array([point])) for point in every], axis=1)
        products = found.scores(slice(None), found.dual(sums))
        cosine = steps.T @ steps / np.outer(*[np.linalg.norm(steps, axis=0)] * 2)
        expected = cosine if name == "theta-relative" else method(name).pairs(run, every)
        np.testing.assert_allclose(products, expected, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(found.square, np.diag(expected), rtol=1e-7)
    for name in ("input-euclidean", "embedding-euclidean"):
        found = source.of_method(name, method(name), run, None, False)
        products = found.scores(slice(None), np.stack([found.sums(np.array([point])) for point in every], axis=1))
        gap = 2 * products - found.square - found.square[:, None]
        np.testing.assert_allclose(gap, method(name).pairs(run, every), rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("direction", ["max", "min"])
def test_groups_of_a_selection_rule_are_those_of_algorithm_1(run, direction):
    for rule in greedy.RULES:
        expected = greedy.grow(
            run.features, run.residuals, run.solve, run.own, run.step_norm, [[5], [8]], 7, rule, direction, run.keys
        )
        found = method(rule).groups(run, [5, 8], 7, direction)
        np.testing.assert_array_equal(found, [group.members for group in expected])


def test_groups_by_distance_and_by_chance(run):
    for name in ("embedding-cosine", "embedding-euclidean", "input-euclidean"):
        found = method(name).groups(run, [5, 8], 7)
        pairs = method(name).pairs(run, np.array([5, 8]))
        for seed, members, scored in zip([5, 8], found, pairs, strict=True):
            assert members[0] == seed
            others = np.setdiff1d(np.argsort(-scored)[:7], seed)
            assert set(members[1:]) == set(others)
    # of images, whose numbers are whole and wrap, with ties that the keys break
    pixels = np.random.default_rng(0).integers(0, 256, (40, 2, 2, 1)).astype(np.uint8)
    pixels[20:] = pixels[:20]
    images = SimpleNamespace(x=pixels, keys=np.random.default_rng(1).permutation(40))
    gaps = ((pixels[[5, 8], None].astype(float) - pixels) ** 2).sum(axis=(2, 3, 4))
    gaps[[0, 1], [5, 8]] = -1
    expected = [np.lexsort((images.keys, gap))[:7] for gap in gaps]
    np.testing.assert_array_equal(method("input-euclidean").groups(images, [5, 8], 7), expected)
    drawn = method("random-class").groups(run, [5, 8], 7)
    for seed, members in zip([5, 8], drawn, strict=True):
        assert members[0] == seed and len(set(members)) == 7 and (run.labels[members] == run.labels[seed]).all()


def test_draws_of_a_class_are_different_and_uniform(run):
    count = 2000
    drawn = method("random-class").draws(run, [5] * count, N, np.random.default_rng(0))
    others = np.setdiff1d(np.flatnonzero(run.labels == run.labels[5]), 5)
    assert all(members[0] == 5 and sorted(members[1:]) == others.tolist() for members in drawn)
    # each of the others is as often the first as any
    firsts = np.array([(np.array([members[1] for members in drawn]) == other).sum() for other in others])
    spread = np.sqrt(count / len(others) * (1 - 1 / len(others)))
    assert (np.abs(firsts - count / len(others)) < 4.5 * spread).all()
    short = method("random-class").draws(run, [5, 8], 4, np.random.default_rng(0))
    assert [len(members) for members in short] == [4, 4] and [members[0] for members in short] == [5, 8]


def test_random_scores_are_uniform_and_follow_their_seed(run):
    drawn = method("random")
    some = SimpleNamespace(labels=np.zeros(5000), settings={"evaluation.seed": 3}, seed=0)
    pairs, points = drawn.pairs(some, np.array([7, 2, 4000])), drawn.points(some)
    # a row is its target's own, whatever block it is asked in
    np.testing.assert_array_equal(drawn.pairs(some, np.array([2])), pairs[[1]])
    for values in (*pairs, points):
        assert 0 <= values.min() and values.max() < 1
        np.testing.assert_allclose(np.histogram(values, 10, (0, 1))[0], 500, atol=4.5 * np.sqrt(450))
    assert np.abs(np.corrcoef([*pairs, points]) - np.eye(4)).max() < 4.5 / np.sqrt(5000)
    other = drawn.pairs(SimpleNamespace(**vars(some) | {"seed": 1}), np.array([7]))[0]
    assert abs(np.corrcoef(other, pairs[0])[0, 1]) < 4.5 / np.sqrt(5000)
    some.settings["evaluation.seed"] = 4
    assert (drawn.points(some) != points).any() and (drawn.pairs(some, np.array([2])) != pairs[1]).any()


def test_similarity_of_equal_points_is_ordered_by_keys():
    points = np.zeros((4, 2))
    assert similarity.nearest(points, 2, 3, "euclidean", np.array([9, 1, 5, 0])).tolist() == [2, 3, 1]
