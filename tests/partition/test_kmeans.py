"""Partitions: the objective of definition 3.1 on factored gradients, against what can be counted out by hand."""

import itertools

import numpy as np
import pytest
from scipy.cluster.hierarchy import ward as scipy_ward
from scipy.linalg import cholesky
from sklearn.metrics import adjusted_rand_score

from attribution.influence.points import gradients, self_influence, unit
from attribution.numerics import solvers
from attribution.partition import classes, hierarchy, kmeans, pca, sized, vectors

RUNS = {"restarts": 6, "iterations": 50, "seed": 0}


@pytest.fixture(params=["raw", "unit"])
def both(request):
    """The same whitened gradients of 40 points, factored and whole; as they are, or at length 1."""
    rng = np.random.default_rng(1)
    features, residuals = rng.normal(size=(40, 4)), rng.normal(size=(40, 3)) * rng.lognormal(size=(40, 1))
    root = rng.normal(size=(12, 30))
    lower = cholesky(root @ root.T / 30 + 0.1 * np.eye(12), lower=True)

    def solve(b):
        return solvers.exact(lower, b)

    own, _ = self_influence(features, residuals, solve)
    if request.param == "unit":
        residuals, own = unit(residuals, own), np.ones(40)
    whitened = solvers.whiten(lower, gradients(features, residuals).T).T
    return vectors.factored(features, residuals, solve, own), vectors.dense(whitened), whitened


def clusters(seed=0, each=15, apart=8.0, count=4):
    rng = np.random.default_rng(seed)
    centres = apart * np.eye(count, 5)
    labels = np.repeat(np.arange(count), each)
    order = rng.permutation(len(labels))
    return (centres[labels] + rng.normal(size=(len(labels), 5)))[order], labels[order]


def best_by_hand(points, parts):
    """The largest objective of all partitions."""
    found = -np.inf
    for labels in itertools.product(range(parts), repeat=len(points)):
        labels = np.array(labels)
        if len(set(labels)) == parts:
            groups = [points[labels == part] for part in range(parts)]
            found = max(found, sum(np.square(group.sum(axis=0)).sum() / len(group) for group in groups))
    return found


@pytest.mark.parametrize(("count", "parts"), [(9, 2), (8, 3), (7, 4)])
def test_the_objective_is_the_largest_of_all_partitions(count, parts):
    points = np.random.default_rng(count).normal(size=(count, 2))
    found = kmeans.partition(vectors.dense(points), parts, 60, 50, 0)
    assert found.objectives.max() == pytest.approx(best_by_hand(points, parts))
    assert found.objectives[found.best] == pytest.approx(kmeans.objective(vectors.dense(points), found.labels, parts))


def test_factored_gradients_give_what_whole_ones_do(both):
    factored, dense, whitened = both
    np.testing.assert_allclose(factored.square, dense.square)
    ours, whole = (kmeans.partition(one, 4, **RUNS) for one in (factored, dense))
    np.testing.assert_array_equal(ours.labels, whole.labels)
    np.testing.assert_allclose(ours.objectives, whole.objectives)
    sums = [whitened[ours.labels == part].sum(axis=0) for part in range(4)]
    by_hand = [v @ v / size for v, size in zip(sums, np.bincount(ours.labels), strict=True)]
    np.testing.assert_allclose(kmeans.normalised_influence(factored, ours.labels, 4), by_hand)
    centres = np.stack(sums) / np.bincount(ours.labels)[:, None]
    gap = np.square(whitened - centres[ours.labels]).sum(axis=1)
    np.testing.assert_allclose(kmeans.distances(factored, ours.labels, 4), gap, atol=1e-12)


def test_the_chunk_changes_nothing(both, monkeypatch):
    whole = kmeans.partition(both[0], 4, **RUNS)
    monkeypatch.setattr(vectors.chunks, "__defaults__", (7,))
    parts = kmeans.partition(both[0], 4, **RUNS)
    np.testing.assert_array_equal(parts.labels, whole.labels)
    np.testing.assert_allclose(parts.objectives, whole.objectives)


def test_components_at_full_rank_are_the_vectors_and_fewer_lose_least(both):
    factored, _, whitened = both
    full = pca.code(factored, 40, 0)
    assert full.code.shape == (40, 12) and full.kept == pytest.approx(1)
    np.testing.assert_allclose(full.code @ full.code.T, whitened @ whitened.T, atol=1e-9)
    exact, coded = kmeans.partition(factored, 4, **RUNS), kmeans.partition(vectors.dense(full.code), 4, **RUNS)
    np.testing.assert_array_equal(coded.labels, exact.labels)
    few = pca.code(factored, 3, 0)
    values = np.sort(np.linalg.eigvalsh(whitened.T @ whitened))[::-1]
    assert few.kept == pytest.approx(values[:3].sum() / values.sum(), rel=1e-6)


def test_a_permutation_of_the_points_permutes_the_parts():
    points, _ = clusters(apart=2.0)
    keys = np.random.default_rng(5).permutation(len(points))
    order = np.random.default_rng(6).permutation(len(points))
    one = kmeans.partition(vectors.dense(points), 4, keys=keys, **RUNS)
    other = kmeans.partition(vectors.dense(points[order]), 4, keys=keys[order], **RUNS)
    np.testing.assert_array_equal(other.labels, one.labels[order])
    np.testing.assert_allclose(other.objectives, one.objectives)


def test_clear_groups_are_found_and_shuffled_ones_are_not():
    points, true = clusters()
    labels = kmeans.partition(vectors.dense(points), 4, **RUNS).labels
    assert adjusted_rand_score(true, labels) == 1
    rng = np.random.default_rng(0)
    shuffled = [adjusted_rand_score(rng.permutation(true), labels) for _ in range(50)]
    assert abs(np.mean(shuffled)) < 0.02


def test_doubled_points_double_the_parts():
    points, _ = clusters()
    twice = kmeans.partition(vectors.dense(np.concatenate([points, points])), 4, **RUNS).labels
    once = kmeans.partition(vectors.dense(points), 4, **RUNS).labels
    np.testing.assert_array_equal(twice[: len(points)], twice[len(points) :])
    assert adjusted_rand_score(once, twice[: len(points)]) == 1


def test_as_many_parts_as_points_are_refused_and_one_less_is_not():
    points = vectors.dense(np.random.default_rng(0).normal(size=(6, 2)))
    for parts in (0, 6, 7):
        with pytest.raises(ValueError, match="to 1 to 5"):
            kmeans.partition(points, parts, **RUNS)
    labels = kmeans.partition(points, 5, **RUNS).labels
    assert sorted(np.bincount(labels)) == [1, 1, 1, 1, 2]
    assert kmeans.partition(points, 1, **RUNS).labels.max() == 0


def test_no_part_is_empty_where_points_are_the_same():
    points = vectors.dense(np.repeat([[0.0, 1.0], [5.0, 0.0]], 5, axis=0))
    for parts in (2, 3, 5):
        assert len(np.bincount(kmeans.partition(points, parts, **RUNS).labels)) == parts


def test_parts_within_classes_have_one_class_and_go_where_they_help():
    points, groups = clusters(count=4)
    names = np.array([0, 0, 0, 1])[groups]
    found = classes.partition(vectors.dense(points), names, 4, **RUNS)
    assert adjusted_rand_score(groups, found.labels) == 1
    assert all(len(set(names[found.labels == part])) == 1 for part in range(4))
    assert found.objectives.max() == pytest.approx(kmeans.objective(vectors.dense(points), found.labels, 4))
    with pytest.raises(ValueError, match="1 parts within 2 classes"):
        classes.partition(vectors.dense(points), names, 1, **RUNS)


def test_ward_of_single_points_is_scipys_and_of_parts_its_top():
    points, _ = clusters(each=3)
    alone = hierarchy.ward(vectors.dense(points), np.arange(12), 12)
    np.testing.assert_allclose(alone, scipy_ward(points), atol=1e-9)
    labels = kmeans.partition(vectors.dense(points), 4, **RUNS).labels
    np.testing.assert_allclose(hierarchy.ward(vectors.dense(points), labels, 4)[:, 2], scipy_ward(points)[-3:, 2])


def test_parts_of_given_sizes_have_them_and_the_best_objective():
    points, true = clusters()
    sizes = np.array([20, 18, 12, 10])
    labels = sized.partition(vectors.dense(points), sizes, 4, 30, 0)
    np.testing.assert_array_equal(np.bincount(labels), sizes)
    equal = sized.partition(vectors.dense(points), np.full(4, 15), 4, 30, 0)
    assert adjusted_rand_score(true, equal) == 1
    few = np.random.default_rng(2).normal(size=(7, 2))
    by_hand = max(
        kmeans.objective(vectors.dense(few), np.isin(np.arange(7), chosen).astype(int), 2)
        for chosen in itertools.combinations(range(7), 2)
    )
    found = sized.partition(vectors.dense(few), np.array([5, 2]), 30, 30, 0)
    assert kmeans.objective(vectors.dense(few), found, 2) == pytest.approx(by_hand)
    # a criterion that finds nothing to divide leaves one part
    assert not sized.partition(vectors.dense(few), [7], 1, 30, 0).any()
    with pytest.raises(ValueError, match="cannot be divided into parts of"):
        sized.partition(vectors.dense(few), np.array([5, 3]), 1, 30, 0)
