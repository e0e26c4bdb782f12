"""Places of parts of fixed sizes: against a general solver of assignments, and by its own prices in large sets."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from attribution.partition import places


def problem(n, parts, seed, whole=False):
    """Values of points that mostly want the same parts, which have few places."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, parts)) + 2 * rng.normal(size=parts)
    sizes = 1 + rng.multinomial(n - parts, rng.dirichlet(np.ones(parts)))
    return (np.round(values) if whole else values), sizes


def total(values, labels):
    return values[np.arange(len(values)), labels].sum()


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("n", "parts"), [(5, 5), (30, 2), (60, 7), (150, 40)])
def test_no_assignment_of_these_sizes_has_a_larger_sum(n, parts, whole):
    """Whole numbers: many points would as soon have another part."""
    for seed in range(4):
        values, sizes = problem(n, parts, seed, whole)
        place = np.repeat(np.arange(parts), sizes)
        _, columns = linear_sum_assignment(values[:, place], maximize=True)
        most = total(values, place[columns])
        # prices that are far off, and those of another problem, lead to the same
        for prices in (None, 5 * np.random.default_rng(seed).normal(size=parts)):
            labels, found = places.give(values, sizes, prices)
            np.testing.assert_array_equal(np.bincount(labels, minlength=parts), sizes)
            assert total(values, labels) == pytest.approx(most, rel=1e-12)
            again, _ = places.give(values, sizes, found)
            assert total(values, again) == pytest.approx(most, rel=1e-12)


def test_without_passes_over_prices_the_paths_alone_find_it(monkeypatch):
    values, sizes = problem(80, 6, 0)
    expected = total(values, places.give(values, sizes)[0])
    monkeypatch.setattr(places, "PASSES", 0)
    labels, _ = places.give(values, sizes)
    np.testing.assert_array_equal(np.bincount(labels, minlength=6), sizes)
    assert total(values, labels) == pytest.approx(expected, rel=1e-12)
    # nothing to choose
    assert not places.give(values[:, :1], np.array([80]))[0].any()


def test_in_a_large_set_no_point_would_rather_have_another_part_and_few_are_moved_singly(monkeypatch):
    values, sizes = problem(20_000, 12, 1)
    paths, shortest = [], places._shortest
    monkeypatch.setattr(places, "_shortest", lambda *given: paths.append(0) or shortest(*given))
    labels, prices = places.give(values, sizes)
    assert len(paths) < 0.01 * np.abs(np.bincount(values.argmax(axis=1), minlength=12) - sizes).sum()
    np.testing.assert_array_equal(np.bincount(labels), sizes)
    worth = values - prices
    assert (worth.max(axis=1) - worth[np.arange(len(worth)), labels]).max() < 1e-9
