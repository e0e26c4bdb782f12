"""Retrieval of a known partner: its rank among all other training points, and recall and reciprocal rank from it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from attribution.groups import greedy
from attribution.influence import points as influence
from attribution.numerics import similarity
from attribution.numerics.similarity import Score

# Bytes of samples converted to float64 at a time.
CHUNK_BYTES = 64 << 20


def influence_score(
    features: np.ndarray,
    residuals: np.ndarray,
    solve: influence.Solve,
    own: np.ndarray,
    step_norm: np.ndarray,
    rule: str,
    direction: str,
) -> Score:
    """Retrieval by influence: the selection rule of Algorithm 1 for a group that is the query alone.

    Args:
        features, residuals: (n, D), (n, C). solve: the damped inverse Hessian.
        own, step_norm: (n,) from `influence.self_influence`.
        rule: see `greedy.criterion`; `l-relative` is then the cosine of whitened gradients. direction: `max` or `min`.

    Raises:
        ValueError: for another direction, or a relative rule and a gradient of length zero.
    """
    if direction not in ("max", "min"):
        raise ValueError(f"direction is '{direction}'; allowed are max and min")
    weight = greedy.member_weights(rule, own)

    def score(queries: np.ndarray) -> np.ndarray:
        s = influence.all_pairs(features[queries], residuals[queries], features, residuals, solve)
        value = greedy.criterion(rule, s.T * weight[queries], own, step_norm).T
        return value if direction == "max" else -value

    return score


def gradient_cosine_score(features: np.ndarray, residuals: np.ndarray) -> Score:
    """Retrieval by the cosine of gradients: the product of the cosines of both factors, (n, D) and (n, C)."""
    h, r = similarity.unit(features), similarity.unit(residuals)
    return lambda queries: (h[queries] @ h.T) * (r[queries] @ r.T)


def distance_score(x: np.ndarray) -> Score:
    """Retrieval by Euclidean distance, minus its square.

    Args:
        x: (n, ...) embeddings or images of any dtype; converted to float64 in parts. For integers the result is exact.
    """
    flat = x.reshape(len(x), -1)
    rows = max(1, CHUNK_BYTES // (8 * flat.shape[1]))

    def score(queries: np.ndarray) -> np.ndarray:
        q = flat[queries].astype(np.float64)
        result = np.empty((len(q), len(flat)))
        for start in range(0, len(flat), rows):
            part = flat[start : start + rows].astype(np.float64)
            square = (part**2).sum(axis=1) + (q**2).sum(axis=1)[:, None]
            result[:, start : start + len(part)] = 2 * (q @ part.T) - square
        return result

    return score


def ranks(score: Score, queries: np.ndarray, partners: np.ndarray, block: int = 256) -> np.ndarray:
    """Rank of each query's partner among all training points but the query; 1 is first.

    Points that tie with the partner stand before it: a method that cannot tell points apart gains nothing by it.

    Args:
        score: see `Score`. queries, partners: (q,) training indices. block: queries scored at a time.

    Returns:
        (q,) int64.

    Raises:
        ValueError: when a query is its own partner, or a score is NaN.
    """
    queries, partners = np.asarray(queries), np.asarray(partners)
    if (queries == partners).any():
        raise ValueError(f"point {queries[queries == partners][0]} is given as its own partner")
    result = np.empty(len(queries), dtype=np.int64)
    for start in range(0, len(queries), block):
        q, p = queries[start : start + block], partners[start : start + block]
        values = np.array(score(q))
        if np.isnan(values).any():
            raise ValueError(f"the scores of point {q[np.isnan(values).any(axis=1)][0]} hold NaN and cannot be ranked")
        lines = np.arange(len(q))
        reached = values >= values[lines, p][:, None]
        reached[lines, q] = False
        result[start : start + block] = reached.sum(axis=1)
    return result


def group_ranks(groups: list[np.ndarray], queries: np.ndarray, partners: np.ndarray) -> np.ndarray:
    """Rank of each query's partner in the group grown from the query, in order of selection.

    Args:
        groups: members of each query's group. queries, partners: (q,) training indices.

    Returns:
        (q,) float64, 1 for the first member after the query, infinite where the partner is not in the group.

    Raises:
        ValueError: when a group does not hold its query.
    """
    result = np.full(len(queries), np.inf)
    for j, (members, query, partner) in enumerate(zip(groups, queries, partners, strict=True)):
        if query not in members:
            raise ValueError(f"the group of point {query} does not hold it")
        place = np.flatnonzero(np.asarray(members)[np.asarray(members) != query] == partner)
        if place.size:
            result[j] = place[0] + 1
    return result


def outcomes(rank: np.ndarray, cutoffs: tuple = (1, 10, 25)) -> dict[str, np.ndarray]:
    """What each query contributes to a metric: the metric is the mean.

    Args:
        rank: (q,) ranks from 1, infinite for never. cutoffs: of recall.

    Returns:
        `recall@k` for every cutoff, 0 or 1, and `mrr`, 1 / rank; (q,) float64 each.
    """
    rank = np.asarray(rank, dtype=np.float64)
    return {f"recall@{k}": (rank <= k).astype(np.float64) for k in cutoffs} | {"mrr": 1 / rank}


def interval(values: np.ndarray, resamples: int, level: float, seed: int) -> tuple[float, float]:
    """Percentile bootstrap interval of a mean over queries (Efron and Tibshirani 1993, chapter 13).

    Args:
        values: (q,), at least two. resamples: draws. level: confidence, such as 0.95.
        seed: of the draws; the same for two methods resamples their queries alike.
    """
    found = stats.bootstrap(
        (values,), np.mean, n_resamples=resamples, confidence_level=level, method="percentile", batch=1000,
        rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)


def table(
    rank: Mapping[str, np.ndarray],
    cutoffs: tuple = (1, 10, 25),
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Every metric of every method with its bootstrap interval.

    Args:
        rank: method -> (q,) ranks, of the same queries in the same order.

    Returns:
        columns method, metric, value, low, high.
    """
    rows = [
        [method, metric, values.mean(), *interval(values, resamples, level, seed)]
        for method, found in rank.items()
        for metric, values in outcomes(found, cutoffs).items()
    ]
    return pd.DataFrame(rows, columns=["method", "metric", "value", "low", "high"])


def differences(
    rank: Mapping[str, np.ndarray],
    baseline: str,
    cutoffs: tuple = (1, 10, 25),
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Each method minus a baseline, paired by query: an interval without 0 says which one retrieves better.

    Args and returns as `table`; the baseline itself is left out.
    """
    base = outcomes(rank[baseline], cutoffs)
    rows = []
    for method, found in rank.items():
        if method == baseline:
            continue
        for metric, values in outcomes(found, cutoffs).items():
            difference = values - base[metric]
            rows.append([method, metric, difference.mean(), *interval(difference, resamples, level, seed)])
    return pd.DataFrame(rows, columns=["method", "metric", "value", "low", "high"])
