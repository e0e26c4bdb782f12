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


def row(true: np.ndarray, predicted: np.ndarray, interval: dict) -> dict:
    """Slope, mean correlation and mean rank correlation over targets, and the interval of the last.

    Args:
        true, predicted: (g, t). interval: `resamples`, `level`, `seed`.
    """
    low, high = lds.interval(true, predicted, **interval)
    return {
        "slope": slope(true, predicted),
        # a constant side correlates with nothing
        "pearson": float(np.nan_to_num(pearson(true, predicted)).mean()),
        "spearman": float(lds.scores(true, predicted).mean()),
        "low": low,
        "high": high,
    }
