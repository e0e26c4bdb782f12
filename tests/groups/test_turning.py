"""The turning point of a group: a fall that lasts, not a few outliers, and no fall where there is none."""

import numpy as np
import pytest

from attribution.groups import turning


@pytest.mark.parametrize("size", [40, 133, 200])
def test_a_lasting_fall_is_found_and_outliers_are_not(size):
    rng = np.random.default_rng(0)
    cosine = np.r_[np.full(size, 0.98), np.full(120, 0.7)] + 0.01 * rng.normal(size=size + 120)
    assert abs(turning.turning_point(cosine) - size) <= 1
    cosine[20:26] = 0.1
    assert abs(turning.turning_point(cosine) - size) <= 3


def test_of_two_falls_the_first_counts_even_if_it_is_smaller():
    cosine = np.r_[np.full(100, 1.0), np.full(100, 0.85), np.full(60, -0.5)]
    assert turning.turning_point(cosine) == 100


def test_without_a_fall_the_group_keeps_its_size():
    rng = np.random.default_rng(1)
    assert turning.turning_point(np.linspace(1, 0.9, 300)) == 300
    assert turning.turning_point(np.ones(20)) == 20
    assert turning.turning_point(0.5 + 0.01 * rng.normal(size=300)) == 300
