"""Inspection of a training set for wrong labels: how many are found among the points that a score puts first."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

AREA = "area"
RANDOM = "random"
# Bootstrap draws whose points are held at a time.
BATCH = 50


class Order(NamedTuple):
    """Points in the order of inspection: `points` (n,) int64, most suspicious first, and `ends` (b,) int64, the place
    of the last point of each block of equal scores. Within a block the order is random, so counts are expectations."""

    points: np.ndarray
    ends: np.ndarray


def order(suspicious: np.ndarray) -> Order:
    """The order of inspection of scores (n,).

    Raises:
        ValueError: when a score is NaN.
    """
    if np.isnan(suspicious).any():
        raise ValueError(f"{int(np.isnan(suspicious).sum())} scores are NaN and cannot be ranked")
    points = np.argsort(-suspicious, kind="stable")
    sorted_scores = suspicious[points]
    return Order(points, np.append(np.flatnonzero(sorted_scores[1:] != sorted_scores[:-1]), len(points) - 1))


def found(ranking: Order, flipped: np.ndarray, shares: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Share of the flipped points among the first points, and the area under that curve.

    Args:
        ranking: of n points. flipped: (n,) bool. shares: (g,) of the points that are inspected, 0 to 1.
        weights: (n,) how often each point counts, for a bootstrap sample; once each without.

    Returns:
        (g + 1,) float64, the area last: 1/2 for a random order, 1 - p/2 at best where p is the share of flipped points.
    """
    weight = np.ones(len(flipped)) if weights is None else weights
    w = weight[ranking.points]
    seen = np.append(0.0, np.cumsum(w)[ranking.ends])
    hits = np.append(0.0, np.cumsum(w * flipped[ranking.points])[ranking.ends])
    seen, hits = seen / seen[-1], hits / hits[-1]
    return np.append(np.interp(shares, seen, hits), np.trapezoid(hits, seen))


class Curves(NamedTuple):
    """`value`, `low`, `high` (methods, g + 1) float64, see `found`; `gap`, `gap_low`, `gap_high`: each minus the
    baseline's."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    gap: np.ndarray
    gap_low: np.ndarray
    gap_high: np.ndarray


def curves(
    rankings: list[list[Order]], flipped: np.ndarray, shares: np.ndarray, baseline: int, settings: dict
) -> Curves:
    """Curves of all methods with percentile bootstrap intervals (Efron and Tibshirani 1993, chapter 13).

    Flipped and other points are drawn again each among themselves, as their numbers are set by the design. All methods
    see the same draws, so that differences are paired, and so do all trainings, whose curves are averaged.

    Args:
        rankings: of each method, one a training. flipped: (n,) bool. shares: (g,). baseline: number of a method.
        settings: `resamples`, `level`, `seed`.

    Raises:
        ValueError: when fewer than two points are flipped, or all but one.
    """
    if not 2 <= flipped.sum() <= len(flipped) - 2:
        raise ValueError(f"{int(flipped.sum())} of {len(flipped)} labels are flipped; intervals need two of each kind")

    def outcome(weights=None):
        values = np.array([np.mean([found(o, flipped, shares, weights) for o in each], axis=0) for each in rankings])
        return np.concatenate([values, values - values[baseline]])

    def statistic(wrong, right, axis=-1):
        drawn = np.concatenate([np.atleast_2d(wrong), np.atleast_2d(right)], axis=-1)
        every = [outcome(np.bincount(points, minlength=len(flipped))) for points in drawn]
        return np.moveaxis(np.array(every), 0, -1) if np.ndim(wrong) > 1 else every[0]

    interval = stats.bootstrap(
        (np.flatnonzero(flipped), np.flatnonzero(~flipped)), statistic, n_resamples=settings["resamples"],
        confidence_level=settings["level"], method="percentile", vectorized=True, batch=BATCH,
        rng=np.random.default_rng(settings["seed"]),
    ).confidence_interval  # fmt: skip
    (value, gap), (low, gap_low), (high, gap_high) = (
        np.split(part, 2) for part in (outcome(), interval.low, interval.high)
    )
    return Curves(value, low, high, gap, gap_low, gap_high)


def chance(n: int, flipped: int, shares: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Curve of a random order and the band that single random orders stay in, at each share.

    Counts are hypergeometric. The area is that of the Mann-Whitney statistic, in its normal approximation.

    Returns:
        value, low, high (g + 1,) float64, the area last.
    """
    inspected = np.round(shares * n).astype(int)
    tail = (1 - level) / 2
    counts = [stats.hypergeom(n, flipped, inspected).ppf(q) / flipped for q in (tail, 1 - tail)]
    deviation = (1 - flipped / n) * np.sqrt((n + 1) / (12 * flipped * (n - flipped)))
    half = stats.norm.ppf(1 - tail) * deviation
    return np.append(shares, 0.5), np.append(counts[0], 0.5 - half), np.append(counts[1], 0.5 + half)


def metrics(shares: list[float]) -> list[str]:
    """Names of what `table` reports: `found@10%` and so on, and the area."""
    return [f"found@{100 * share:g}%" for share in shares] + [AREA]


def table(methods: list[str], result: Curves, columns: np.ndarray, shares: list[float], baseline: str) -> pd.DataFrame:
    """Rows of inspection.csv but the random order's.

    Args:
        columns: of the curves, one a metric of `metrics(shares)`.

    Returns:
        method, metric, value, low, high, baseline; where `baseline` names a method, the value is the difference to it.
    """
    rows = []
    for against, parts in (("", result[:3]), (baseline, result[3:])):
        for i, method in enumerate(methods):
            if method == against:
                continue
            for metric, column in zip(metrics(shares), columns, strict=True):
                rows.append([method, metric, *(part[i, column] for part in parts), against])
    return pd.DataFrame(rows, columns=["method", "metric", "value", "low", "high", "baseline"])
