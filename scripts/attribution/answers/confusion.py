"""What a network takes each class for, and how well it knows it."""

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics

ACCURACY, BALANCED = "all (accuracy)", "all (balanced accuracy)"


def counts(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """(C, C) int64 numbers of points: row = label, column = prediction."""
    return metrics.confusion_matrix(labels, predicted, labels=np.arange(classes))


def long(matrix: np.ndarray, class_names: list[str]) -> pd.DataFrame:
    """Rows of confusion.csv: `label`, `prediction`, `count`, all pairs of classes."""
    rows = [
        [label, prediction, matrix[i, j]]
        for i, label in enumerate(class_names)
        for j, prediction in enumerate(class_names)
    ]
    return pd.DataFrame(rows, columns=["label", "prediction", "count"])


def recall(matrix: np.ndarray, trained: np.ndarray, class_names: list[str], level: float) -> pd.DataFrame:
    """Rows of recall.csv.

    Args:
        matrix: (C, C), see `counts`. trained: (C,) training points of each class. class_names: (C,).
        level: confidence of the intervals, Wilson's (1927) of a share; that of the balanced accuracy follows from the
            distances of each share to its limits (Zou and Donner 2008, of a sum of independent shares), and has a
            length where all recalls are 1.

    Returns:
        `class`, `train_points`, `test_points`, `recall`, `low`, `high`, `precision`, empty where a class has no test
        point or no prediction; then the accuracy, and the balanced accuracy, the mean of the recalls there are.
    """
    total, right, taken = matrix.sum(axis=1), np.diag(matrix), matrix.sum(axis=0)
    rows = []
    for i, name in enumerate(class_names):
        low, high = wilson(right[i], total[i], level)
        rows.append([name, trained[i], total[i], _share(right[i], total[i]), low, high, _share(right[i], taken[i])])
    sums = [int(trained.sum()), int(total.sum())]
    rows.append([ACCURACY, *sums, _share(right.sum(), total.sum()), *wilson(right.sum(), total.sum(), level), np.nan])
    shares = right[total > 0] / total[total > 0]
    limits = np.array([wilson(part, whole, level) for part, whole in zip(right, total, strict=True) if whole])
    below, above = np.sqrt(((limits - shares[:, None]) ** 2).sum(axis=0)) / len(shares)
    mean = shares.mean()
    rows.append([BALANCED, *sums, mean, mean - below, mean + above, np.nan])
    columns = ["class", "train_points", "test_points", "recall", "low", "high", "precision"]
    return pd.DataFrame(rows, columns=columns)


def wilson(right: int, total: int, level: float) -> tuple[float, float]:
    """Interval of a share of `total` points, NaN where there are none."""
    if not total:
        return np.nan, np.nan
    found = stats.binomtest(int(right), int(total)).proportion_ci(level, method="wilson")
    return found.low, found.high


def _share(part: int, whole: int) -> float:
    return part / whole if whole else np.nan
