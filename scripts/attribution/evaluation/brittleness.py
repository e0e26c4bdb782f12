"""Brittleness: what a target's margin loses without the points credited most with it, and whether its label flips.

The k points of largest attribution to a target leave, and the network is trained again (Ilyas et al. 2022, section 4;
Park et al. 2023, section 5). Attribution that is right needs few points to flip it.
"""

import numpy as np

from attribution.evaluation.retrieval import interval


def counts(shares: list[float], n: int) -> list[int]:
    """How many of n points leave, at least one, for each share."""
    return [max(1, round(share * n)) for share in shares]


def without_top(pairs: np.ndarray, counts: list[int]) -> np.ndarray:
    """(t, k, n) bool, False where a point is among the so many of largest attribution to the target.

    Args:
        pairs: (t, n). counts: k numbers of points that leave, each below n.

    Equal scores leave in the order of the training set, which is shuffled.

    Raises:
        ValueError: when no point would stay.
    """
    n = pairs.shape[1]
    if max(counts) >= n:
        raise ValueError(
            f"truth.brittleness.shares would take {max(counts)} of {n} training points, and at least one must stay; "
            "give smaller shares"
        )
    place = np.argsort(np.argsort(-pairs, axis=1, kind="stable"), axis=1)
    return place[:, None, :] >= np.array(counts)[:, None]


def row(before: np.ndarray, after: np.ndarray, settings: dict) -> dict:
    """Mean change of the margin, share of the targets predicted right whose prediction flips, and their intervals.

    Args:
        before, after: (t,) margins of the targets with all points, and without those of one number.
        settings: of the bootstrap over targets, `resamples`, `level`, `seed`.

    Returns:
        `targets`, `change`, `low`, `high`, and `right`, `flipped`, `flipped_low`, `flipped_high`; None where fewer than
        two targets are predicted right.
    """
    moved, right = after - before, before > 0
    low, high = interval(moved, **settings)
    found = {"targets": len(moved), "change": float(moved.mean()), "low": low, "high": high, "right": int(right.sum())}
    if right.sum() < 2:
        return found | {"flipped": None, "flipped_low": None, "flipped_high": None}
    flipped = (after[right] <= 0).astype(np.float64)
    low, high = interval(flipped, **settings)
    return found | {"flipped": float(flipped.mean()), "flipped_low": low, "flipped_high": high}
