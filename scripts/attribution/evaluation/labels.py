"""How well scores of training points find wrong labels that are known."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from attribution.evaluation import inspection

FIRST = 0.1
# draws of the control
SHUFFLES = 100
COLUMNS = ["method", "found_first_10_percent", "f1", "average_precision", "low", "high", "found_low", "found_high"]
COLUMNS += ["f1_low", "f1_high", "chance", "shuffled"]


def table(suspicion: dict[str, np.ndarray], wrong: np.ndarray, labels: np.ndarray, interval: dict) -> pd.DataFrame:
    """A row a method; method `random` is a control, whose scores know nothing.

    Args:
        suspicion: method -> (s, n) scores of s trainings, larger = more suspicious. wrong: (n,) bool, some of each.
        labels: (n,) as given. interval: section `bootstrap`.

    Returns:
        method; means over trainings of `found_first_10_percent`, share of the wrong labels among the first tenth of the
        points, of `f1` where as many points are taken as labels are wrong, so that precision and recall are equal to
        it, and of `average_precision`. Their intervals `found_low`, `found_high`, `f1_low`, `f1_high`, and `low`,
        `high` of the average precision, are of a percentile bootstrap (Efron and Tibshirani 1993, chapter 13) over
        points, wrong and right ones drawn each among themselves and the same for all trainings and methods, and over
        trainings. Equal scores count as in a random order, but in the average precision, where they are one step.
        `chance`: expectation of the average precision for a random order. `shuffled`: its mean where as many points
        with each label are called wrong at random, what a score finds by the label alone.
    """
    shares, ends = np.array([FIRST, wrong.mean()]), [0.5 - interval["level"] / 2, 0.5 + interval["level"] / 2]
    of_points = np.random.default_rng(interval["seed"])
    of_trainings, of_shuffles = of_points.spawn(2)
    orders = {method: [inspection.order(each) for each in scores] for method, scores in suspicion.items()}
    drawn = {method: [] for method in orders}
    for weights in draws(wrong, interval["resamples"], of_points):
        for method, each in orders.items():
            drawn[method].append(np.stack([_of_samples(order, wrong, shares, weights) for order in each]))
    trainings = len(next(iter(orders.values())))
    chosen = of_trainings.integers(trainings, size=(trainings, interval["resamples"]))
    control, rows = shuffled(wrong, labels, of_shuffles), []
    for method, each in orders.items():
        first, f1 = np.mean([inspection.found(order, wrong, shares)[:2] for order in each], axis=0)
        means = np.take_along_axis(np.concatenate(drawn[method], axis=1), chosen[..., None], axis=0).mean(axis=0)
        precision = np.mean([average_precision(order, wrong[None]) for order in each])
        without = np.mean([average_precision(order, control) for order in each])
        intervals = np.quantile(means, ends, axis=0).T.ravel()
        rows.append([method, first, f1, precision, *intervals, chance(len(wrong), wrong.sum()), without])
    return pd.DataFrame(rows, columns=COLUMNS)


def _of_samples(ranking: inspection.Order, wrong: np.ndarray, shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(b, 3) of bootstrap samples: average precision, and what `inspection.found` says of the two shares."""
    found = [inspection.found(ranking, wrong, shares, each)[:2] for each in weights]
    return np.column_stack([resampled(ranking, wrong, weights), found])


def average_precision(ranking: inspection.Order, wrong: np.ndarray) -> np.ndarray:
    """(b,) sums over blocks of equal scores of precision times the recall that the block adds.

    Args:
        ranking: of n points. wrong: (b, n) bool, several truths.
    """
    hits = np.cumsum(wrong[:, ranking.points], axis=1)[:, ranking.ends]
    gained = np.diff(hits, axis=1, prepend=0) / hits[:, -1:]
    return (gained * hits / (ranking.ends + 1)).sum(axis=1)


def resampled(ranking: inspection.Order, wrong: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(b,) the same of bootstrap samples.

    Only blocks with wrong points add to it, and points are counted up to the ends of those.

    Args:
        ranking: of n points. wrong: (n,) bool. weights: (b, n) how often each point counts, wrong ones together at
            least once.
    """
    ordered, places = weights[:, ranking.points], np.flatnonzero(wrong[ranking.points])
    blocks, first = np.unique(np.searchsorted(ranking.ends, places), return_index=True)
    hits = np.cumsum(np.add.reduceat(ordered[:, places], first, axis=1), axis=1)
    starts = np.append(0, ranking.ends[blocks[:-1]] + 1)
    seen = np.cumsum(np.add.reduceat(ordered[:, : ranking.ends[blocks[-1]] + 1], starts, axis=1), axis=1)
    gained = np.diff(hits, axis=1, prepend=0) / hits[:, -1:]
    return (gained * hits / np.maximum(seen, 1)).sum(axis=1)


def draws(wrong: np.ndarray, count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """(b, n) int64 how often each point comes in bootstrap samples, wrong and right ones drawn each by themselves."""
    for start in range(0, count, inspection.BATCH):
        size = min(inspection.BATCH, count - start)
        found = np.empty((size, len(wrong)), dtype=np.int64)
        for kind in (wrong, ~wrong):
            found[:, kind] = rng.multinomial(kind.sum(), np.full(kind.sum(), 1 / kind.sum()), size)
        yield found


def chance(n: int, wrong: int) -> float:
    """Expected average precision of a random order of n points of which some are wrong.

    A wrong point at place i has (i - 1)(wrong - 1) / (n - 1) others before it in expectation, and each place is as
    likely (Bestgen 2015, Exact expected average precision of the random baseline).
    """
    harmonic = (1 / np.arange(1, n + 1)).sum()
    return (harmonic + (wrong - 1) / (n - 1) * (n - harmonic)) / n


def shuffled(wrong: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(SHUFFLES, n) bool: `wrong` (n,) in random orders of the points of each of the labels (n,)."""
    found = np.empty((SHUFFLES, len(wrong)), dtype=bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        found[:, members] = rng.permuted(np.tile(wrong[members], (SHUFFLES, 1)), axis=1)
    return found
