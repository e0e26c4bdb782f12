"""Stability: do trainings of one recipe from other seeds attribute alike?

Correlation over training points of a target's attributions by two trainings, mean over the pairs of trainings. It says
nothing of being right: what knows the inputs alone is as stable as can be, so that a method's is read beside those of
its controls.
"""

import itertools

import numpy as np

from attribution.evaluation import lds
from attribution.evaluation.retrieval import interval
from attribution.retraining.predictions import pearson


def correlations(several: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(t,) Pearson's and (t,) Spearman's correlation of each target, 0 where attributions are constant.

    Args:
        several: (s, t, n) attributions of s trainings, two at least.
    """
    pairs = [(a.T, b.T) for a, b in itertools.combinations(several, 2)]
    plain = np.mean([np.nan_to_num(pearson(a, b)) for a, b in pairs], axis=0)
    return plain, np.mean([lds.scores(a, b) for a, b in pairs], axis=0)


def row(several: np.ndarray, settings: dict) -> dict:
    """Means over targets of both, and their intervals.

    Args:
        several: (s, t, n). settings: of the bootstrap over targets, `resamples`, `level`, `seed`.

    Returns:
        `trainings`, `targets`, `pearson`, `pearson_low`, `pearson_high`, `spearman`, `low`, `high`.
    """
    plain, ranked = correlations(several)
    (a, b), (low, high) = interval(plain, **settings), interval(ranked, **settings)
    return {
        "trainings": len(several), "targets": len(plain), "pearson": float(plain.mean()), "pearson_low": a,
        "pearson_high": b, "spearman": float(ranked.mean()), "low": low, "high": high,
    }  # fmt: skip
