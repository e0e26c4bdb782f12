"""Where groups stop, on groups whose modes are known in closed form."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from attribution.groups import gap, greedy, products, reseeding, splitting, stops

# two modes of one class, of which a group takes the first and then the second, and a class of another mode
MODES = np.repeat([0, 1, 2], [12, 8, 10])
LABELS = (MODES == 2).astype(int)
ORDER = np.arange(20)
EVERYONE = np.ones(30, dtype=bool)


def of_vectors(vectors):
    """Products of vectors at length one, in full."""
    return products.of_pairs((vectors @ vectors.T).__getitem__)


def one_mode_each(noise=0.0):
    return np.eye(3)[MODES] + noise * np.random.default_rng(0).normal(size=(30, 3))


def test_influence_on_itself_after_each_member_is_that_of_sums():
    vectors = np.random.default_rng(0).normal(size=(9, 4))
    expected = [np.square(vectors[:size].sum(axis=0)).sum() / size for size in range(1, 10)]
    np.testing.assert_allclose(gap.path(vectors @ vectors.T), expected)


def test_the_expectation_over_random_groups_is_the_mean_over_all_of_them():
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(7, 3)) * rng.uniform(0.5, 3, size=(7, 1))
    total, own = np.square(vectors.sum(axis=0)).sum(), np.square(vectors).sum()
    for size, value in enumerate(gap.expected(np.arange(1, 8), total, own, 7), start=1):
        each = [np.square(vectors[list(group)].sum(axis=0)).sum() / size for group in combinations(range(7), size)]
        assert value == pytest.approx(np.mean(each))
    assert gap.expected(np.array([1]), 4.0, 4.0, 1) == 4


def test_the_gap_is_widest_where_a_mode_ends_and_closes_with_the_class():
    pool = np.flatnonzero(LABELS == 0)
    found = gap.gaps(ORDER, pool, of_vectors(one_mode_each()))
    # t of 12 equal vectors have t, any t of all 20 points one and (t - 1) times the mean product of two
    pairs = (12 * 11 + 8 * 7) / (20 * 19)
    np.testing.assert_allclose(found[:12], np.arange(12) * (1 - pairs))
    assert found[-1] == pytest.approx(0) and found.argmax() == 11
    assert gap.size(ORDER, 1, LABELS, EVERYONE, of_vectors(one_mode_each(0.1))) == 12
    # a mode of another class closes it as well
    other = np.r_[np.arange(12), np.arange(20, 30)]
    assert gap.size(other, 1, LABELS, EVERYONE, of_vectors(one_mode_each(0.1))) == 12


def test_no_gap_in_a_random_order():
    rng, pool = np.random.default_rng(0), np.flatnonzero(LABELS == 0)
    known = of_vectors(one_mode_each())
    several = [gap.gaps(rng.permutation(20), pool, known) for _ in range(400)]
    assert np.abs(np.mean(several, axis=0)).max() < 0.1


def test_random_groups_are_of_the_classes_of_the_seeds_and_of_points_that_groups_may_take(monkeypatch):
    pools = []
    monkeypatch.setattr(gap, "gaps", lambda members, pool, known: pools.append(pool.tolist()) or np.zeros(3))
    gap.size(np.array([0, 25, 3]), 1, LABELS, MODES != 1, None)
    gap.size(np.array([0, 25, 3]), 2, LABELS, MODES != 1, None)
    assert pools == [list(range(12)), [*range(12), *range(20, 30)]]


def test_products_of_factors_are_those_of_whitened_gradients(monkeypatch):
    rng = np.random.default_rng(0)
    features, residuals = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    residuals[5] = 0
    root = rng.normal(size=(8, 20))
    hessian = root @ root.T
    g = np.einsum("ij,ik->ijk", features, residuals).reshape(30, 8)
    white = np.linalg.solve(np.linalg.cholesky(hessian), g.T).T
    length = np.linalg.norm(white, axis=1, keepdims=True)
    unit = np.divide(white, length, out=np.zeros_like(white), where=length > 0)
    found = products.of_factors(features, residuals, lambda b: np.linalg.solve(hessian, b), length[:, 0] ** 2)
    np.testing.assert_allclose(found.gram(np.array([7, 5, 2])), unit[[7, 5, 2]] @ unit[[7, 5, 2]].T, atol=1e-12)
    points = np.array([9, 5, 1, 20])
    total = np.square(unit[points].sum(axis=0)).sum()
    np.testing.assert_allclose(found.sums(points), [total, 3])
    white[5] = unit[5] = np.eye(8)[0]
    by_pairs = of_vectors(white)
    np.testing.assert_allclose(by_pairs.gram(np.array([7, 5, 2])), unit[[7, 5, 2]] @ unit[[7, 5, 2]].T, atol=1e-12)
    monkeypatch.setattr(products, "BLOCK", 3)
    np.testing.assert_allclose(by_pairs.sums(points), [np.square(unit[points].sum(axis=0)).sum(), 4])


def test_members_that_recur_and_what_chance_gives():
    members, again = np.array([4, 2, 9, 7]), np.array([9, 4, 1, 2])
    np.testing.assert_allclose(reseeding.recurring(members, again), [0, 1 / 2, 2 / 3, 3 / 4])
    labels = np.array([0, 0, 0, 0, 1, 1])
    # of t_c random points of n_c, t_c^2 / n_c are in both of two draws
    found = reseeding.by_chance(np.array([0, 1, 0]), labels)
    np.testing.assert_allclose(found, [1 / 4, (1 / 4 + 1 / 2) / 2, (4 / 4 + 1 / 2) / 3])


def grown_within_modes(seeds):
    """Groups that take the seed's mode first, in a random order of its points, and then the other of its class."""
    rng, found = np.random.default_rng(0), []
    for (seed,) in seeds:
        first = rng.permutation(np.setdiff1d(np.flatnonzero(MODES == MODES[seed]), seed))
        second = rng.permutation(np.flatnonzero(MODES == 1 - MODES[seed]))
        found.append(SimpleNamespace(members=np.concatenate([[seed], first, second])))
    return found


def test_a_group_grows_again_from_its_members_where_its_mode_ends():
    assert reseeding.size(ORDER, LABELS, EVERYONE, grown_within_modes) == 12
    assert reseeding.size(ORDER[:3], LABELS, EVERYONE, grown_within_modes) == 3


def test_members_are_split_until_the_part_of_the_seed_is_coherent():
    vectors = one_mode_each(0.05)[:20]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gram = vectors @ vectors.T
    assert splitting.size(gram, 0) == 12 and splitting.size(gram, 0, coherence=-1) == 20
    # the mean cosine of all is (12^2 + 8^2) / 20^2 = 0.52
    assert splitting.size(gram, 0, coherence=0.5) == 20 and splitting.size(gram, 0, coherence=0.54) == 12
    assert splitting.size(np.zeros((5, 5)), 0) == 5


@pytest.mark.parametrize("condition", stops.CONDITIONS)
def test_every_condition_stops_a_growth_where_it_says(condition):
    known = of_vectors(one_mode_each(0.01))
    path, cosine = gap.path(known.gram(ORDER)), np.r_[np.ones(12), np.full(8, 0.1)]
    group = greedy.finished(ORDER, path, cosine, 0)
    growth = stops.Growth(LABELS, EVERYONE, known, grown_within_modes, 0)
    expected = {"size": 20, "peak": 12, "turn": 20, "gap": 12, "split": 12, "reseeding": 12}
    assert stops.size(condition, group, 1, growth) == expected[condition]
    assert stops.end(condition, "max", group, 1, growth) == (condition, expected[condition])
    # the seeds are of the group, whatever it says
    assert stops.end(condition, "max", group, 15, growth) == (condition, max(expected[condition], 15))


def test_a_condition_that_is_none_and_scores_that_are_no_products_are_refused():
    group = greedy.finished(ORDER, np.ones(20), np.ones(20), 0)
    growth = stops.Growth(LABELS, EVERYONE, of_vectors(one_mode_each()), grown_within_modes, 0)
    with pytest.raises(ValueError, match="stop is 'mine'; allowed are size, peak, turn, gap, split, reseeding"):
        stops.size("mine", group, 1, growth)
    of_distances = products.of_pairs((-np.square(MODES[:, None] - MODES)).__getitem__)
    for condition in ("turn", "gap", "split"):
        with pytest.raises(ValueError, match="the score of point 0 with itself is 0: cosines need positive ones"):
            stops.size(condition, group, 1, growth._replace(products=of_distances))
    assert stops.size("size", group, 1, growth._replace(products=of_distances)) == 20


def test_where_likeness_says_nothing_all_members_are_the_group():
    group = greedy.finished(ORDER, np.r_[np.arange(9), np.zeros(11)], np.ones(20), 0)
    growth = stops.Growth(LABELS, EVERYONE, of_vectors(one_mode_each(0.01)), grown_within_modes, 0)
    distances = growth._replace(products=products.of_pairs((-np.square(MODES[:, None] - MODES)).__getitem__))
    for condition, alike in (("turn", True), ("gap", True), ("split", True), ("peak", False), ("reseeding", False)):
        own = (condition, stops.size(condition, group, 1, growth)) if not alike else ("size", 20)
        assert stops.end(condition, "min", group, 1, growth) == own
        assert stops.end(condition, "max", group, 1, distances) == own
