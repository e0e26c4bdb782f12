"""How well a group recovers the subgroup that its seed came from."""

import numpy as np

from attribution.files import hdf5
from attribution.methods import scores


def precision(members: np.ndarray, subgroup: np.ndarray, target: int) -> float:
    """Share of the first members, as many as the subgroup has, that belong to it; the seed counts."""
    size = int((subgroup == target).sum())
    return float((subgroup[members[:size]] == target).mean())


def against_subgroup(members: np.ndarray, subgroup: np.ndarray, target: int) -> dict[str, float]:
    """`precision`, share of all members that belong to the subgroup; `recall`, share of it that are members; `f1`,
    their harmonic mean, 0 where no member belongs to it."""
    inside, size = int((subgroup[members] == target).sum()), int((subgroup == target).sum())
    return {"precision": inside / len(members), "recall": inside / size, "f1": 2 * inside / (len(members) + size)}


def exhausted_at(members: np.ndarray, subgroup: np.ndarray, target: int) -> float:
    """Number of members when the subgroup's last point has joined; NaN when some never joined."""
    inside = np.flatnonzero(subgroup[members] == target)
    return float(inside[-1] + 1) if len(inside) == (subgroup == target).sum() else float("nan")


def rows(path: str, method: str, subgroup: np.ndarray, target: int) -> list[list]:
    """Rows of evaluation.csv for the groups of scores/recovery/METHOD.h5: method, metric, value, low, high, seconds.

    Of a method of chance the median over its groups, with the 5th and 95th percentile; of another the first group.
    """
    found, _, took = scores.groups(path, "recovery")
    if hdf5.attributes(path)["family"] == "chance":
        drawn = np.array([precision(members, subgroup, target) for members in found])
        return [[method, "precision", float(np.median(drawn)), *np.percentile(drawn, [5, 95]), np.nan]]
    metrics = {"precision": precision, "exhausted_at": exhausted_at}
    return [
        [method, name, metric(found[0], subgroup, target), np.nan, np.nan, took] for name, metric in metrics.items()
    ]


def top_among(path: str, closest: np.ndarray, n: int, top: int) -> float:
    """Share of the `top` points of largest score, in scores/METHOD.h5, that are among some points.

    Args:
        closest: training indices. n: training points. top: how many; of a method of chance any number, since the
            expectation over its draws is the share of all points that `closest` are.
    """
    values, index, _ = scores.points(path, "closest")
    if hdf5.attributes(path)["family"] == "chance":
        return len(closest) / n
    return float(np.isin(index[np.argsort(-values, kind="stable")[:top]], closest).mean())
