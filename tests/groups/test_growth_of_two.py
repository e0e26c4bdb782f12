"""Groups that take one subgroup at random and then another, the report's order of figure 9."""

import numpy as np

from attribution.groups import greedy, growth
from attribution.influence import points as influence


def whitened(points):
    """Factors, inverse Hessian and self-influence of gradients that are already white."""
    features = np.eye(3)[points]
    return features, np.ones((len(points), 1)), lambda b: b


def test_of_two_equal_modes_the_influence_is_largest_where_the_first_ends_and_the_cosine_falls_there():
    modes = np.repeat([0, 1], [8, 5])
    paths, angles = growth.one_after_other(
        *whitened(modes), np.flatnonzero(modes == 0), np.flatnonzero(modes == 1), 3, np.random.default_rng(0)
    )
    # t of one mode have t; with s of another (64 + s^2) / (8 + s)
    expected = [*range(1, 9), *((64 + s**2) / (8 + s) for s in range(1, 6))]
    np.testing.assert_allclose(paths, [expected] * 3)
    # the first of the other mode is at a right angle, then s of them against 8
    angle = [1.0] * 8 + [s / np.hypot(8, s) for s in range(5)]
    np.testing.assert_allclose(angles, [angle] * 3, atol=1e-12)


def test_the_first_subgroup_comes_first_in_every_draw_and_its_order_is_drawn():
    rng = np.random.default_rng(0)
    features, residuals = np.diag([1.0, 2, 3, 4, 5]), np.ones((5, 1))
    paths, _ = growth.one_after_other(features, residuals, lambda b: b, np.array([0, 2]), np.array([1, 3, 4]), 40, rng)
    # squares of lengths, of which the sum of the first two is 1 + 9, and all have 55
    total = paths * np.arange(1, 6)
    assert set(np.round(total[:, 0])) == {1, 9} and set(np.round(total[:, 1])) == {10}
    assert set(np.round(total[:, 2])) == {14, 26, 35} and set(np.round(total[:, 4])) == {55}


def test_cosines_are_those_of_a_greedy_group():
    rng = np.random.default_rng(2)
    features, residuals = rng.normal(size=(20, 4)), rng.normal(size=(20, 2))
    root = rng.normal(size=(8, 30))

    def solve(b):
        return np.linalg.solve(root @ root.T, b)

    own, step = influence.self_influence(features, residuals, solve)
    keys = np.arange(20, dtype=np.uint64)
    (group,) = greedy.grow(features, residuals, solve, own, step, [[3]], 12, "l-relative", "max", keys)
    g = influence.gradients(features[group.members], residuals[group.members])
    np.testing.assert_allclose(growth.cosines(g @ solve(g.T)), group.cosine)
