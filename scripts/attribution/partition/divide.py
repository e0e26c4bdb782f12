"""A partition of the training set as the settings want it, and what is known of its parts."""

import functools
from collections.abc import Callable

import numpy as np

from attribution.partition import classes, constraints, dictionary, hierarchy, kmeans, members, number, pca
from attribution.partition.vectors import Vectors, dense


def code(vectors: Vectors, settings: dict) -> pca.Code:
    """Principal components, as many as section `partition` says."""
    return pca.code(vectors, settings["components"], settings["seed"])


def divide(
    vectors: Vectors, settings: dict, labels: np.ndarray, subgroups: np.ndarray, keys: np.ndarray,
    left: Callable[[list[np.ndarray]], list[np.ndarray]],
) -> tuple[dict, dict]:  # fmt: skip
    """Labels of all points with what is known of their parts.

    Args:
        vectors: of the points. settings: section `partition`. labels, subgroups: (n,) classes, and known subgroups,
            whose number is taken for `parts: subgroups`. keys: (n,), see `kmeans.partition`.
        left: what removals do, for `parts: removal`, see `number.by_removal`.

    Returns:
        arrays `labels` (n,), `sizes` (parts,), `objectives` (restarts,), `normalised_influence` (parts,), `central` and
        `outlying` (parts, members), `linkage` (parts - 1, 4), and with a criterion `counts`, `criterion`, `error` (q,),
        with atoms `atoms` (count, components) and `weights` (n, count);
        attributes `parts`, `objective`, `share` of the sum of squared lengths that the parts hold, and with a criterion
        `number_by`, its name.
    """
    arrays, facts, count = {}, {}, settings["parts"]
    bound = constraints.bound(vectors.count, settings["together"], settings["apart"])
    apart = labels if settings["within_classes"] else None

    @functools.cache
    def partition(count: int) -> kmeans.Partition:
        asked = (count, settings["restarts"], settings["iterations"], settings["seed"], bound, keys)
        return kmeans.partition(vectors, *asked) if apart is None else classes.partition(vectors, apart, *asked)

    if count in (*number.CRITERIA, number.REMOVAL):
        facts["number_by"] = count
        if count == number.REMOVAL:
            counts = number.allowed(bound, apart, vectors.count, settings["most"])
            curve = number.by_removal(counts, lambda count: partition(count).labels, left)
        else:
            curve = number.chosen(
                count, code(vectors, settings).code, settings["most"], settings["draws"], settings["restarts"],
                settings["iterations"], settings["seed"], bound, apart,
            )  # fmt: skip
        arrays = {"counts": curve.counts, "criterion": curve.value, "error": curve.error}
        count = curve.chosen
    elif count == "subgroups":
        count = len(np.unique(subgroups))
    found = partition(count)
    influence = kmeans.normalised_influence(vectors, found.labels, count)
    central, outlying = members.ends(vectors, found.labels, count, settings["members"])
    arrays |= {
        "labels": found.labels, "sizes": np.bincount(found.labels, minlength=count), "objectives": found.objectives,
        "normalised_influence": influence, "central": central, "outlying": outlying,
        "linkage": hierarchy.ward(vectors, found.labels, count),
    }  # fmt: skip
    if settings["atoms"]["count"]:
        atoms = dictionary.atoms(code(vectors, settings).code, **settings["atoms"], seed=settings["seed"])
        arrays |= dict(zip(("atoms", "weights"), atoms, strict=True))
    total = vectors.square.sum()
    facts |= {"parts": count, "objective": influence.sum(), "share": influence.sum() / total if total > 0 else 0.0}
    return arrays, facts


def reduced(vectors: Vectors, settings: dict) -> tuple[Vectors, float]:
    """The codes in the place of the vectors, and the share of squared lengths that they keep."""
    found = code(vectors, settings)
    return dense(found.code), found.kept
