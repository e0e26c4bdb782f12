"""Removals of groups and parts on their sheets: networks trained again without exactly these points."""

import numpy as np
import pytest

import retrain_leave_one_out
import retrain_without_named
from attribution import results
from attribution.explore import removals, sheets
from attribution.files import hdf5
from trained_discs import RECIPE, data  # noqa: F401

N, TESTED = 6, 2


def kept(*gone) -> np.ndarray:
    return ~np.array([np.isin(np.arange(N), points) for points in gone])


@pytest.fixture
def run(tmp_path):
    """Files as the jobs write them: {3, 1} and {3, 1, 5} left twice in drawn groups, {3, 1, 5} by name, and in a truth
    {4} and {3, 1, 5, 0}."""
    home = tmp_path / "seed0"
    for folder in ("retraining", "truth"):
        (home / folder).mkdir(parents=True)
    for repetition in (0, 1):
        masks = np.concatenate([kept([3, 1], [3, 1, 5]), np.ones((1, N), dtype=bool)])
        losses = np.zeros((3, N + TESTED))
        losses[0] = [0, 4, 2, 6, 2, 0, 1, 3]
        losses[1] = [1, 5 + repetition, 3, 4, 5, 3, 2, 0]
        losses[2] = 1
        arrays = {"masks": masks, "losses": losses}
        hdf5.write(home / f"retraining/groups-{repetition}.h5", arrays, {"removals": 2})
    named = np.concatenate([np.ones((1, N), dtype=bool), kept([3, 1, 5], [0, 2, 4], [0, 1, 2], [2, 3, 5])])
    kinds = [b"", b"named", b"random", b"random-class", b"random-class"]
    losses = np.array([[1, 1], [2, 4], [9, 9], [1, 2], [2, 1]])
    hdf5.write(home / "retraining/named.h5", {"kept": named, "kind": kinds, "losses": losses}, {})
    margins = np.array([[[7.0, 7.0], [1.0, 0.0]], [[7.0, 7.0], [2.0, 1.0]]])
    arrays = {"kept": kept([4], [3, 1, 5, 0]), "retrained": margins, "untouched": np.array([[3.0, 3.0], [2.0, 2.0]])}
    hdf5.write(home / "truth/fixed-groups-0.h5", arrays, {})
    return results.open(home)


def test_a_group_has_what_left_with_exactly_its_members_or_its_first(run):
    found = removals.of_order(removals.measured(run), np.array([3, 1, 5, 0, 2]), 3, 2)
    assert found == [
        # (5 + 4 + 3) / 3 - 1 and (6 + 4 + 3) / 3 - 1; (1 + 3 + 5) / 3 - 1; (2 + 0) / 2 - 1
        ["loss on itself, retrained without it", pytest.approx(3 + 1 / 6)],
        ["loss on the other training points, the same", 2],
        ["loss on the test points, the same", 0],
        ["loss on the test points, retrained without it", 2],
        ["the same, mean over 2 random sets of as many of each class", 0.5],
        ["its first 2 members: loss on itself, retrained without it", 4],
        ["its first 2 members: loss on the other training points, the same", 0],
        ["its first 2 members: loss on the test points, the same", 1],
        ["its first 4 members: margin of 2 test points, retrained without it (fixed)", -1.5],
    ]


def test_a_group_of_other_members_or_one_that_is_its_seed_alone_has_none(run):
    measured = removals.measured(run)
    assert removals.of_order(measured, np.array([3, 2, 5]), 3, 2) == []
    # {4} left, but is only the seed of this group; of a group of one it is the whole
    assert removals.of_order(measured, np.array([4, 0, 2]), 3, 2) == []
    assert removals.of_order(measured, np.array([4, 0, 2]), 1, 2) == [
        ["margin of 2 test points, retrained without it (fixed)", 4.5]
    ]


def test_a_part_has_these_beside_what_the_removal_of_parts_measured(run):
    labels = np.array([0, 1, 0, 1, 0, 1])
    hdf5.write(
        run.path / "partition.h5",
        {"kernel/labels": labels, "kernel/normalised_influence": [1.0, 1.0], "kernel/central": [[0], [1]]}, {},
    )  # fmt: skip
    hdf5.write(run.path / "partition-removals-fixed.h5", {"kernel/changes": [[[0.5, 0.1], [0.2, 1.0]]]}, {})
    first, second = sheets.of_parts(results.open(run.path), labels, ["cat", "dog"], 1)
    assert [words for words, _ in first["removal"]] == [
        "loss on the part itself, retrained without it (fixed)", "loss on the other parts, the same (fixed)",
    ]  # fmt: skip
    assert len(second["removal"]) == 2 + 5


@pytest.mark.slow
def test_files_of_the_jobs_say_the_same_of_a_point_that_left(data, tmp_path):  # noqa: F811
    home = tmp_path / "seed0"
    (home / "retraining").mkdir(parents=True)
    recipe = RECIPE | {"dropout": 0.0, "training": RECIPE["training"] | {"epochs": 4, "schedule": []}}
    retrain_leave_one_out.retrain_leave_one_out(data, recipe, 0, 0, home / "retraining/leave-one-out-0.h5", {})
    named = str(home / "retraining/named.h5")
    retrain_without_named.retrain_without_named(data, None, recipe, [17], 2, 0, 0, "digest", named, {})
    measured = removals.measured(results.open(home))
    found = dict(map(tuple, removals.of_order(measured, np.array([17, 3]), 1, 2)))
    assert len(found) == 5
    of_all, of_named = (
        found["loss on the test points, the same"],
        found["loss on the test points, retrained without it"],
    )
    assert of_named == pytest.approx(of_all, rel=0.05, abs=1e-6) and abs(of_all) > 1e-5
