"""How well scores of training points find wrong labels that are known."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from attribution.evaluation import inspection

FIRST = 0.1
COLUMNS = ["method", "found_first_10_percent", "f1", "average_precision", "low", "high"]


def table(suspicion: dict[str, np.ndarray], wrong: np.ndarray, interval: dict) -> pd.DataFrame:
    """A row a method; method `random` is the control, whose scores know nothing.

    Args:
        suspicion: method -> (n,) scores, larger = more suspicious. wrong: (n,) bool. interval: section `bootstrap`.

    Returns:
        method; `found_first_10_percent`, share of the wrong labels among the first tenth of the points; `f1` where as
        many points are taken as labels are wrong, so that precision and recall are equal to it; `average_precision`
        with the interval `low`, `high` of a percentile bootstrap over points (Efron and Tibshirani 1993, chapter 13),
        wrong and right ones drawn each among themselves, the same draws for all methods. Equal scores count as in a
        random order, but in the average precision, where they are one step.
    """
    share, rows, once = wrong.mean(), [], np.ones((1, len(wrong)))
    orders = {method: inspection.order(scores) for method, scores in suspicion.items()}
    resampled = {method: [] for method in orders}
    for weights in draws(wrong, interval["resamples"], np.random.default_rng(interval["seed"])):
        for method, order in orders.items():
            resampled[method].append(average_precision(order, wrong, weights))
    ends = [0.5 - interval["level"] / 2, 0.5 + interval["level"] / 2]
    for method, order in orders.items():
        found = inspection.found(order, wrong, np.array([FIRST, share]))[:2]
        low, high = np.quantile(np.concatenate(resampled[method]), ends)
        rows.append([method, *found, average_precision(order, wrong, once)[0], low, high])
    return pd.DataFrame(rows, columns=COLUMNS)


def average_precision(ranking: inspection.Order, wrong: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(b,) sums over blocks of equal scores of precision times the recall that the block adds.

    Args:
        ranking: of n points. wrong: (n,) bool. weights: (b, n) how often each point counts.
    """
    ordered = weights[:, ranking.points]
    seen = np.cumsum(ordered, axis=1)[:, ranking.ends]
    hits = np.cumsum(ordered * wrong[ranking.points], axis=1)[:, ranking.ends]
    gained = np.diff(hits, axis=1, prepend=0) / hits[:, -1:]
    return (gained * hits / np.maximum(seen, 1)).sum(axis=1)


def draws(wrong: np.ndarray, count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """(b, n) how often each point comes in bootstrap samples, wrong and right ones drawn each among themselves."""
    for start in range(0, count, inspection.BATCH):
        size = min(inspection.BATCH, count - start)
        found = np.empty((size, len(wrong)))
        for kind in (wrong, ~wrong):
            found[:, kind] = rng.multinomial(kind.sum(), np.full(kind.sum(), 1 / kind.sum()), size)
        yield found
