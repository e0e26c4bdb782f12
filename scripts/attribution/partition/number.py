"""How many parts: by the gap to points without groups, by how stable parts are under resampling, or by what
their removal does.

The first two are read from codes of principal components, so that every number of parts costs little; the last takes
networks trained without each part of each partition.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.metrics import adjusted_rand_score

from attribution.partition import classes as within
from attribution.partition import constraints, kmeans
from attribution.partition.vectors import dense

REMOVAL = "removal"
CRITERIA = ("gap", "stability")  # of codes alone
SHARE = 0.8  # of the points in a resample
ERRORS = 2  # standard errors that are no difference of a gap


class Curve(NamedTuple):
    """`counts` (q,) numbers of parts; `value` and `error` (q,) of the criterion; `chosen`, one of the counts."""

    counts: np.ndarray
    value: np.ndarray
    error: np.ndarray
    chosen: int


class Rules(NamedTuple):
    """What the partitions of a curve keep: `bound`, points together or apart; `classes` (n,), which no part mixes, or
    None; `restarts` and `iterations` of each k-means."""

    bound: constraints.Bound
    classes: np.ndarray | None
    restarts: int
    iterations: int


def chosen(
    criterion: str, code: np.ndarray, most: int, draws: int, restarts: int, iterations: int, seed: int,
    bound: constraints.Bound | None = None, classes: np.ndarray | None = None,
) -> Curve:  # fmt: skip
    """The number of parts, from the least that the constraints allow to `most`, by one of CRITERIA.

    Args:
        code: (n, p). draws: sets without groups, and pairs of resamples. restarts, iterations, seed: of each k-means.
        bound, classes: as the partition will have them, the latter where it is within classes.

    Raises:
        ValueError: when the constraints allow no partition into `most` parts.
    """
    rules = Rules(bound or constraints.none(len(code)), classes, restarts, iterations)
    rng = np.random.default_rng((seed, len(code)))
    counts = allowed(rules.bound, classes, len(code), most)
    return (gap if criterion == "gap" else stability)(code, counts, draws, rules, rng)


def allowed(bound: constraints.Bound, classes: np.ndarray | None, n: int, most: int) -> np.ndarray:
    """Numbers of parts, ascending, from the least that the constraints allow to `most`.

    Raises:
        ValueError: as `chosen`.
    """
    most = min(most, n - 1, len(np.unique(bound.block)))
    if classes is None:
        least = constraints.least_parts(bound, most)
    else:
        least = sum(within.least_parts(bound, classes, most))
    if least > most:
        raise ValueError(
            f"the classes and constraints of section partition need {least} parts, and partition.most allows {most}; "
            "raise it, or set partition.within_classes to false"
        )
    return np.arange(least, most + 1)


def by_removal(
    counts: np.ndarray, divided: Callable[[int], np.ndarray], left: Callable[[list[np.ndarray]], list[np.ndarray]]
) -> Curve:
    """The number, two or more, whose parts do most to the network when they leave, of equal ones the smallest.

    `value` is own minus other, mean over the parts, and `error` the standard error of that mean.

    Args:
        divided: number of parts -> labels (n,). left: such partitions -> own minus other (parts,) of each.
    """
    counts = _several(counts)
    own = left([divided(int(count)) for count in counts])
    value = np.array([one.mean() for one in own])
    error = np.array([one.std(ddof=1) / np.sqrt(len(one)) for one in own])
    return Curve(counts, value, error, int(counts[largest(value)]))


def largest(value: np.ndarray) -> int:
    """Place of the largest, of equal ones the first: equal up to rounding, which differs between machines."""
    return int(np.flatnonzero(value >= value.max() - 1e-9 * np.abs(value).max())[0])


def _several(counts: np.ndarray) -> np.ndarray:
    """Those of two parts or more, which are compared."""
    if counts[-1] < 2:
        raise ValueError(
            "the constraints of section partition leave one part, and partition.parts stability and removal compare "
            "partitions into two or more; take out partition.together, or set partition.parts to gap"
        )
    return counts[counts > 1]


def gap(code: np.ndarray, counts: np.ndarray, draws: int, rules: Rules, rng: np.random.Generator) -> Curve:
    """The gap statistic (Tibshirani, Walther and Hastie 2001) against the sets of `uniform`, which have no groups.

    log of what k-means leaves, mean over these sets less that of the points; the smallest number counts whose gap is
    within two standard errors of the largest (Dudoit and Fridlyand 2002; R's cluster has it as `globalSEmax`). Chosen
    by figures, five draws each:

    - Components permuted apart are no null: groups on a grid are a product of clusters in single components, permuting
      which gives the same set again, and four discs at the corners of a square counted as one. Now they are four, and
      a Gaussian cloud, random directions, and points uniform in a square are one, in a disc one in five sets of six.
    - Of two to five tight discs at random places, five sets each, all are counted in 20 of 20, with components permuted
      apart in 16. Tibshirani's own rule, the first number whose next has no larger gap, counts 13: it says one where
      discs come in clumps.
    - What it does not: of two discs of unequal size the box is no likeness, and the larger counts as three or four. The
      four groups of shapes in the plane are seven or eight, the most that were tried, by gradients at length one, which
      lie along curves. Without the logarithm (Mohajer, Englmeier and Schmid, arXiv 1103.4767) these are three to eight,
      and the discs one or two, but of five random discs all are counted in 2 of 10 sets only.
    """
    own = _left(code, counts, rules, rng)
    null = [_left(uniform(code, rules, rng), counts, rules, rng) for _ in range(draws)]
    value = np.mean(null, axis=0) - own
    error = np.std(null, axis=0) * np.sqrt(1 + 1 / draws)
    best = int(np.argmax(value))
    return Curve(counts, value, error, int(counts[value >= value[best] - ERRORS * error[best]].min()))


def uniform(code: np.ndarray, rules: Rules, rng: np.random.Generator) -> np.ndarray:
    """As many points (n, p) uniform in the box of the points' principal components, Tibshirani's reference (b).

    Within classes each class has its own box: that the classes differ is no structure within them.
    """
    drawn = np.empty_like(code)
    for points in [slice(None)] if rules.classes is None else within.members_of(rules.classes):
        middle = code[points].mean(axis=0)
        turn = np.linalg.svd(code[points] - middle, full_matrices=False)[2].T
        along = (code[points] - middle) @ turn
        drawn[points] = rng.uniform(along.min(axis=0), along.max(axis=0), along.shape) @ turn.T + middle
    return drawn


def stability(code: np.ndarray, counts: np.ndarray, draws: int, rules: Rules, rng: np.random.Generator) -> Curve:
    """Agreement (adjusted Rand index) of partitions of two resamples on the points of both (Ben-Hur et al. 2002).

    The largest number counts whose agreement is within a standard error of the best. A single part agrees with itself,
    so agreement cannot say that there are no groups: where one part is allowed, it counts unless the number found
    leaves a smaller share of what `uniform` points leave than one part does (their logarithms, by two standard errors).
    """
    several, found = _several(counts), []
    size = max(counts[-1] + 1, round(SHARE * len(code)))
    for _ in range(draws):
        halves = [np.sort(rng.permutation(len(code))[:size]) for _ in range(2)]
        _, left, right = np.intersect1d(*halves, return_indices=True)
        row = []
        for count in several:
            labels = [_divided(code, half, int(count), rules, int(rng.integers(2**31))).labels for half in halves]
            row.append(adjusted_rand_score(labels[0][left], labels[1][right]))
        found.append(row)
    value, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(draws)
    best = int(np.argmax(value))
    chosen = int(several[value >= value[best] - error[best]].max())
    if counts[0] > 1:
        return Curve(several, value, error, chosen)
    none = not _grouped(code, chosen, draws, rules, rng)
    return Curve(counts, np.append(1.0, value), np.append(0.0, error), 1 if none else chosen)


def _grouped(code: np.ndarray, count: int, draws: int, rules: Rules, rng: np.random.Generator) -> bool:
    """Whether so many parts leave less, beside what they leave of uniform points, than one part does."""
    both = np.array([1, count])
    fall = [_left(uniform(code, rules, rng), both, rules, rng) for _ in range(draws)]
    (one, several), error = np.mean(fall, axis=0) - _left(code, both, rules, rng), np.std(fall, axis=0)[1]
    return several > one + ERRORS * error * np.sqrt(1 + 1 / draws)


def _divided(code: np.ndarray, chosen: np.ndarray, count: int, rules: Rules, seed: int) -> kmeans.Partition:
    """A partition of some points (s,), ascending, under the rules."""
    vectors, bound = dense(code[chosen]), constraints.among(rules.bound, chosen)
    asked = (count, rules.restarts, rules.iterations, seed, bound)
    if rules.classes is None:
        return kmeans.partition(vectors, *asked)
    return within.partition(vectors, rules.classes[chosen], *asked)


def _left(code: np.ndarray, counts: np.ndarray, rules: Rules, rng: np.random.Generator) -> np.ndarray:
    """(q,) log of the sum of squared distances to centres that each number of parts leaves."""
    total, everyone = np.square(code).sum(), np.arange(len(code))
    left = [
        total - _divided(code, everyone, int(count), rules, int(rng.integers(2**31))).objectives.max()
        for count in counts
    ]
    return np.log(np.maximum(left, max(1e-12 * total, np.finfo(float).tiny)))
