"""What leaves with a part: which networks are trained, and the numbers that tell it."""

import numpy as np
import pytest

from attribution.evaluation import part_removals
from attribution.retraining import parts


def test_a_partition_of_one_part_changes_nothing_and_the_others_leave():
    one, two = np.zeros(4, dtype=int), np.array([0, 0, 1, 1])
    kept, places = parts.masks([one, two, one])
    assert kept[0].all() and len(kept) == 3
    assert [rows.tolist() for rows in places] == [[0], places[1].tolist(), [0]]
    np.testing.assert_array_equal(kept[places[1]], [two != 0, two != 1])
    # each network has the loss 1 on the points that it lacks
    found = parts.arrays({"one": one, "two": two}, places[:2], [(~kept).astype(float)])
    np.testing.assert_array_equal(found["one/changes"], [[[0.0]]])
    np.testing.assert_array_equal(found["two/changes"], [np.eye(2)])
    assert part_removals.own_minus_other(found["one/changes"]).tolist() == [[0.0]]
    with pytest.raises(ValueError, match="each of the 2 partitions has a single part"):
        parts.masks([one, one])


def test_own_minus_other_and_share_by_hand():
    changes = np.array([[4.0, 1.0, -1.0], [0.0, 2.0, 0.0], [3.0, 3.0, 3.0]])
    np.testing.assert_allclose(part_removals.own_minus_other(changes), [4, 2, 0])
    assert part_removals.share(changes) == pytest.approx(9 / 17)
    assert part_removals.interval([np.full(3, 2.0), np.full(4, 4.0)], 500, 0.9, 0) == (2, 4)
    low, high = part_removals.interval([np.array([0.0, 10.0])], 500, 0.9, 0)
    assert (low, high) == (0, 10)


def test_parts_are_paired_by_the_points_that_they_share():
    labels = np.array([0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(part_removals.matched(labels, np.array([2, 2, 0, 0, 1, 1])), [2, 0, 1])
    np.testing.assert_array_equal(part_removals.matched(labels, np.array([1, 1, 1, 2, 0, 0])), [1, 2, 0])


def test_losses_of_margins_are_the_cross_entropy():
    p = np.array([0.1, 0.5, 0.999])
    np.testing.assert_allclose(parts.losses(np.log(p / (1 - p))), -np.log(p))
