"""How well scores of training points find wrong labels that are known."""

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import average_precision_score

from attribution.evaluation import inspection

FIRST = 0.1
COLUMNS = ["method", "found_first_10_percent", "f1", "average_precision", "low", "high"]


def table(suspicion: dict[str, np.ndarray], wrong: np.ndarray, interval: dict) -> pd.DataFrame:
    """A row a method, and last what a random order gives.

    Args:
        suspicion: method -> (n,) scores, larger = more suspicious. wrong: (n,) bool. interval: section `bootstrap`.

    Returns:
        method; `found_first_10_percent`, share of the wrong labels among the first tenth of the points; `f1` where as
        many points are taken as labels are wrong, so that precision and recall are equal to it; `average_precision`
        with the interval `low`, `high` of a bootstrap over points, wrong and right ones drawn each among themselves.
        Equal scores count as in a random order, but in the average precision, where they are one step.
    """
    share, rows = wrong.mean(), []
    for method, scores in suspicion.items():
        found = inspection.found(inspection.order(scores), wrong, np.array([FIRST, share]))
        rows.append([method, *found[:2], average_precision_score(wrong, scores), *_interval(scores, wrong, interval)])
    rows.append([inspection.RANDOM, FIRST, share, share, np.nan, np.nan])
    return pd.DataFrame(rows, columns=COLUMNS)


def _interval(scores: np.ndarray, wrong: np.ndarray, interval: dict) -> tuple[float, float]:
    """Percentile bootstrap interval of the average precision (Efron and Tibshirani 1993, chapter 13)."""

    def statistic(bad, good):
        truth = np.repeat([True, False], [len(bad), len(good)])
        return average_precision_score(truth, np.concatenate([bad, good]))

    found = stats.bootstrap(
        (scores[wrong], scores[~wrong]), statistic, n_resamples=interval["resamples"], vectorized=False,
        confidence_level=interval["level"], method="percentile", rng=np.random.default_rng(interval["seed"]),
    ).confidence_interval  # fmt: skip
    return found.low, found.high
