"""Single points and groups that leave: predicted against true falls of the margin."""

import numpy as np

from attribution.evaluation import lds


def slope(true: np.ndarray, predicted: np.ndarray) -> float:
    """Predicted for true fall, by least squares over all pairs through the origin: 1 where the scale is right.

    Args:
        true, predicted: (g, t), what leaves by target.
    """
    return float((true * predicted).sum() / max((true**2).sum(), np.finfo(float).tiny))


def pearson(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """(t,) correlation over what leaves, of each target; 0 where either side is constant."""
    a, b = true - true.mean(axis=0), predicted - predicted.mean(axis=0)
    scale = np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0)
    return np.divide((a * b).sum(axis=0), scale, out=np.zeros(len(scale)), where=scale > 0)


def row(true: np.ndarray, predicted: np.ndarray, interval: dict) -> dict:
    """Slope, mean correlation and mean rank correlation over targets, and the interval of the last.

    Args:
        true, predicted: (g, t). interval: `resamples`, `level`, `seed`.
    """
    low, high = lds.interval(true, predicted, **interval)
    return {
        "slope": slope(true, predicted),
        "pearson": float(pearson(true, predicted).mean()),
        "spearman": float(lds.scores(true, predicted).mean()),
        "low": low,
        "high": high,
    }
