"""Points that must be together or apart, how many parts, and swaps of one group's members."""

import itertools

import numpy as np
import pytest

from attribution.partition import classes, constraints, dictionary, kmeans, number, search, vectors

RUNS = {"restarts": 4, "iterations": 50, "seed": 0}


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(10, 2))


def value(points, labels, parts):
    return kmeans.objective(vectors.dense(points), labels, parts)


def test_constraints_hold_and_the_best_partition_of_those_that_keep_them_is_found(points):
    bound = constraints.bound(10, [[0, 1, 2]], [[0, 3], [3, 4]])
    found = kmeans.partition(vectors.dense(points), 2, 40, 50, 0, bound=bound)
    assert constraints.kept(bound, found.labels)
    allowed = [np.array(labels) for labels in itertools.product(range(2), repeat=10)]
    allowed = [labels for labels in allowed if len(set(labels)) == 2 and constraints.kept(bound, labels)]
    assert found.objectives.max() == pytest.approx(max(value(points, labels, 2) for labels in allowed))
    free = kmeans.partition(vectors.dense(points), 2, 40, 50, 0)
    assert not constraints.kept(bound, free.labels)


def test_tied_points_are_placed_at_the_least_cost_that_constraints_allow():
    bound = constraints.bound(7, [[0, 1]], [[1, 2], [2, 3], [3, 4, 5]])
    tied = np.flatnonzero(bound.tied)
    assert tied.tolist() == [0, 1, 2, 3, 4, 5]
    for costs in np.random.default_rng(0).normal(size=(5, 3, 6)):
        total = {}
        for labels in itertools.product(range(3), repeat=6):
            if constraints.kept(bound, np.array([*labels, 0])):
                total[labels] = costs[labels, np.arange(6)].sum()
        assert tuple(constraints.assigned(bound, tied, costs)) == min(total, key=total.get)


@pytest.mark.parametrize(
    ("together", "apart", "words"),
    [
        ([[0, 1], [1, 2]], [[2, 0]], "points 2 and 0 must be apart"),
        ([], [[1, 1]], "points 1 and 1 must be apart"),
        ([[0, 10]], [], "holds point 10"),
        ([], [[-1, 3]], "holds point -1"),
    ],
)
def test_a_contradiction_is_refused(together, apart, words):
    with pytest.raises(ValueError, match=words):
        constraints.bound(10, together, apart)


@pytest.mark.parametrize(
    ("together", "apart", "words"),
    [
        ([], [[0, 1, 2]], "keeps 3 points apart from one another"),
        ([], [[0, 1], [1, 2], [2, 3], [3, 4], [4, 0]], "no placement in 2 parts"),
        ([list(range(10))], [], "leaves 1 points or sets"),
    ],
)
def test_constraints_that_so_few_parts_cannot_keep_are_refused(points, together, apart, words):
    with pytest.raises(ValueError, match=words):
        kmeans.partition(vectors.dense(points), 2, **RUNS, bound=constraints.bound(10, together, apart))


def test_a_long_chain_of_points_apart_is_placed():
    """Two thousand points, each apart from the next, each nearest to the part that its neighbours are not in."""
    count = 2000
    bound = constraints.bound(count, [], [[i, i + 1] for i in range(count - 1)])
    constraints.require_room(bound, 2)
    costs = np.zeros((3, count))
    costs[np.arange(count) % 2, np.arange(count)] = -1.0
    np.testing.assert_array_equal(constraints.assigned(bound, np.arange(count), costs), np.arange(count) % 2)


def test_a_set_that_is_too_large_for_the_search_keeps_its_constraints(monkeypatch):
    bound = constraints.bound(9, [], [[0, 1, 2, 3], [3, 4], [4, 5, 6], [6, 7, 8]])
    costs = np.random.default_rng(0).normal(size=(4, 9))
    of = lambda labels: costs[labels, np.arange(9)].sum()  # noqa: E731
    least = constraints.assigned(bound, np.arange(9), costs)
    monkeypatch.setattr(constraints, "MOST", 10)
    short = constraints.assigned(bound, np.arange(9), costs)
    assert constraints.kept(bound, short) and of(short) > of(least)
    monkeypatch.setattr(constraints, "MOST", 9)
    with pytest.raises(ValueError, match="no placement in 4 parts was found among 9"):
        constraints.assigned(bound, np.arange(9), costs)


def test_points_of_a_class_that_must_be_apart_are_so_within_classes(points):
    labels, apart = np.arange(10) // 5, [[0, 1, 5, 6]]
    found = classes.partition(vectors.dense(points), labels, 4, **RUNS, bound=constraints.bound(10, [], apart)).labels
    assert len({*found[[0, 1, 5, 6]]}) == 4 and not set(found[:5]) & set(found[5:])
    with pytest.raises(ValueError, match=r"3 parts within 2 classes .* set partition\.parts to 4 or more"):
        classes.partition(vectors.dense(points), labels, 3, **RUNS, bound=constraints.bound(10, [], apart))


def test_points_of_two_classes_cannot_be_together_within_classes(points):
    bound = constraints.bound(10, [[0, 1]], [])
    with pytest.raises(ValueError, match="ties points of two classes"):
        classes.partition(vectors.dense(points), np.arange(10) % 2, 4, **RUNS, bound=bound)
    found = classes.partition(vectors.dense(points), np.arange(10) // 5, 4, **RUNS, bound=bound)
    assert found.labels[0] == found.labels[1]


@pytest.mark.parametrize("criterion", number.CRITERIA)
def test_the_number_of_clear_groups_is_found_by_either_criterion(criterion):
    rng = np.random.default_rng(0)
    code = np.repeat([[0.0, 0.0], [12.0, 0.0], [0.0, 12.0]], 15, axis=0) + rng.normal(size=(45, 2))
    curve = number.chosen(criterion, code, 6, 4, 4, 50, 0)
    assert curve.chosen == 3
    assert len(curve.counts) == len(curve.value) == len(curve.error)


def test_the_number_by_removal_is_the_smallest_of_the_largest_mean():
    own = {2: [1.0, 3.0], 3: [3.0, 4.0, 5.0], 4: [4.0, 4.0, 4.0, 4.0]}
    curve = number.by_removal(np.arange(1, 5), lambda count: count, lambda counts: [np.array(own[c]) for c in counts])
    assert curve.counts.tolist() == [2, 3, 4] and curve.value.tolist() == [2, 4, 4] and curve.chosen == 3
    np.testing.assert_allclose(curve.error, [1, 1 / np.sqrt(3), 0])


def test_where_constraints_leave_one_part_two_are_not_compared(points):
    tied = constraints.bound(10, [list(range(10))], [])
    assert number.chosen("gap", points, 5, 2, 2, 30, 0, bound=tied).chosen == 1
    with pytest.raises(ValueError, match="leave one part"):
        number.chosen("stability", points, 5, 2, 2, 30, 0, bound=tied)


@pytest.mark.parametrize("criterion", number.CRITERIA)
def test_one_cloud_is_one_part(criterion):
    clouds = np.random.default_rng(0).normal(size=(5, 60, 2))
    assert [number.chosen(criterion, cloud, 4, 4, 2, 30, 0).chosen for cloud in clouds] == [1] * 5


@pytest.mark.parametrize("criterion", number.CRITERIA)
@pytest.mark.parametrize("turn", [0.0, 0.4])
def test_groups_on_a_grid_are_found_however_it_lies(criterion, turn):
    """Four discs at the corners of a square are a product of clusters in single components."""
    rng = np.random.default_rng(1)
    grid = np.repeat([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0], [5.0, 5.0]], 25, axis=0) + 0.1 * rng.normal(size=(100, 2))
    turned = grid @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    assert number.chosen(criterion, turned, 6, 4, 4, 50, 0).chosen == 4


def test_tight_groups_that_come_in_clumps_are_all_found_by_the_gap():
    """Where two or three clumps of groups are no gain over one part, the first number without gain is no stop."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        points = np.repeat(4 * rng.normal(size=(5, 2)), 25, axis=0) + 0.1 * rng.normal(size=(125, 2))
        assert number.chosen("gap", points, 7, 4, 4, 50, 0).chosen == 5


def test_uniform_points_fill_the_box_of_the_principal_components():
    rng = np.random.default_rng(0)
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    code = np.column_stack([rng.uniform(-4, 4, 400), rng.uniform(-1, 1, 400)]) @ turn + [3, 7]
    rules = number.Rules(constraints.none(400), None, 2, 30)
    along = (number.uniform(code, rules, rng) - [3, 7]) @ turn.T
    np.testing.assert_allclose([along.min(axis=0), along.max(axis=0)], [[-4, -1], [4, 1]], atol=0.25)
    # each class in its own
    apart = number.uniform(np.concatenate([code, code + 100]), rules._replace(classes=np.repeat([0, 1], 400)), rng)
    np.testing.assert_allclose((apart[400:] - 100 - [3, 7]) @ turn.T, 0, atol=4.3)
    assert np.ptp(apart[:400], axis=0).max() < 9


@pytest.mark.parametrize("criterion", number.CRITERIA)
def test_the_number_is_chosen_among_partitions_within_classes(criterion):
    """Each of three classes is two clouds of its own, six parts, though the clouds of two classes lie in one place."""
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [12.0, 0.0], [0.0, 12.0]])
    code = np.concatenate([centres, centres + 0.2]).repeat(15, axis=0) + rng.normal(size=(90, 2))
    labels = np.repeat([0, 0, 1, 1, 2, 2], 15)
    free = number.chosen(criterion, code, 8, 4, 4, 50, 0)
    curve = number.chosen(criterion, code, 8, 4, 4, 50, 0, classes=labels)
    assert free.chosen == 3 and curve.chosen == 6
    assert curve.counts.tolist() == [3, 4, 5, 6, 7, 8]


def test_classes_without_structure_are_a_part_each_by_the_gap():
    """Two clouds of one class each, far apart: that is no structure within them."""
    found = []
    for clouds in np.random.default_rng(0).normal(size=(5, 2, 40, 2)):
        code = np.concatenate([clouds[0], clouds[1] + 12])
        found.append(number.chosen("gap", code, 4, 4, 2, 30, 0, classes=np.repeat([0, 1], 40)).chosen)
    assert np.median(found) == 2


def test_the_number_is_chosen_among_partitions_that_keep_the_constraints(points):
    apart = constraints.bound(10, [], [[0, 1, 2]])
    assert number.chosen("gap", points, 5, 2, 2, 30, 0, bound=apart).counts.tolist() == [3, 4, 5]
    tied = constraints.bound(10, [list(range(7))], [])
    assert number.chosen("gap", points, 8, 2, 2, 30, 0, bound=tied).counts.tolist() == [1, 2, 3, 4]
    with pytest.raises(ValueError, match=r"need 4 parts, and partition\.most allows 3"):
        bound = constraints.bound(10, [], [[0, 1, 5, 6]])
        number.chosen("gap", points, 3, 2, 2, 30, 0, bound=bound, classes=np.arange(10) // 5)


def test_swaps_raise_a_group_to_what_no_swap_can_better(points):
    dense = vectors.dense(points)
    start = np.array([0, 1, 2, 3])
    found = search.improve(dense, start, [0], [9], 50)
    assert found.before == pytest.approx(np.square(points[start].sum(axis=0)).sum() / 4)
    assert found.after == pytest.approx(np.square(points[found.members].sum(axis=0)).sum() / 4)
    assert found.after > found.before and found.swaps > 0
    assert 0 in found.members and 9 not in found.members and len(found.members) == 4
    for out, new in itertools.product(found.members, set(range(1, 9)) - set(found.members)):
        if out != 0:
            other = [*(set(found.members) - {out}), new]
            assert np.square(points[other].sum(axis=0)).sum() / 4 <= found.after + 1e-9
    assert search.improve(dense, start, [0], [9], 0).swaps == 0


def test_a_group_that_breaks_its_constraints_is_refused(points):
    for inside, outside in (([9], []), ([], [0]), ([0], [0])):
        with pytest.raises(ValueError, match="no swap can start"):
            search.improve(vectors.dense(points), np.array([0, 1]), inside, outside, 5)


def test_atoms_of_mixtures_are_found_again():
    rng = np.random.default_rng(0)
    true = np.eye(3, 6)
    weights = rng.exponential(size=(150, 3)) * (rng.random((150, 3)) < 0.4)
    weights[weights.sum(axis=1) == 0, 0] = 1.0
    found, mixed = dictionary.atoms(weights @ true, 3, 0.05, 0)
    cosine = true @ (found / np.linalg.norm(found, axis=1, keepdims=True)).T
    assert (cosine.max(axis=1) > 0.95).all()
    assert (mixed >= 0).all() and (mixed == 0).mean() > 0.3
