"""Single points and groups that leave: predicted against true falls of the margin."""

import numpy as np

from attribution.evaluation import lds
from attribution.retraining.predictions import pearson


def slope(true: np.ndarray, predicted: np.ndarray) -> float:
    """Predicted for true fall, by least squares over all pairs through the origin: 1 where the scale is right.

    Args:
        true, predicted: (g, t), what leaves by target.
    """
    return float((true * predicted).sum() / max((true**2).sum(), np.finfo(float).tiny))


def slope_interval(true: np.ndarray, predicted: np.ndarray, resamples: int, level: float, seed: int) -> tuple:
    """Bootstrap interval of `slope`, over what leaves and targets together: of each draw the slope of its own pairs.

    Args:
        true, predicted: (g, t). resamples: draws. level: confidence.
    """
    drawn, chosen = lds.bootstrap_weights(*true.shape, resamples, seed)
    both, own = (((drawn @ found) * chosen).sum(axis=1) for found in (true * predicted, true**2))
    return lds.bounds(both / np.maximum(own, np.finfo(float).tiny), level)


def row(true: np.ndarray, predicted: np.ndarray, interval: dict) -> dict:
    """Slope, mean correlation and mean rank correlation over targets, and the intervals of the last and the first.

    Args:
        true, predicted: (g, t). interval: `resamples`, `level`, `seed`.
    """
    low, high = lds.interval(true, predicted, **interval)
    of_slope = slope_interval(true, predicted, **interval)
    return {
        "slope": slope(true, predicted),
        # a constant side correlates with nothing
        "pearson": float(np.nan_to_num(pearson(true, predicted)).mean()),
        "spearman": float(lds.scores(true, predicted).mean()),
        "low": low,
        "high": high,
        "slope_low": of_slope[0],
        "slope_high": of_slope[1],
    }
