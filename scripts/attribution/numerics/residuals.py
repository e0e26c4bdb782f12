"""Softmax and sigmoid quantities from logits, in float64 and without cancellation.

`p - y` in float32 is exactly zero for well-classified points; every later cosine or ranking of them is then
arbitrary. Here the residual of the correct class is minus the sum of the other probabilities, taken in logarithms.
One logit column means two classes and a sigmoid.
"""

import numpy as np
from scipy.special import expit, log_softmax, logsumexp


def probabilities(logits: np.ndarray) -> np.ndarray:
    """(n, C) float64 probabilities; for one column the probability of class 1."""
    logits = np.asarray(logits, dtype=np.float64)
    return expit(logits) if logits.shape[1] == 1 else np.exp(log_softmax(logits, axis=1))


def predictions(logits: np.ndarray) -> np.ndarray:
    """(...,) int64 predicted classes of (..., C) logits; of one column class 1 where it is positive, of equal ones the
    first class. `results.tables.predictions` is the same without SciPy."""
    return (logits[..., 0] > 0).astype(np.int64) if logits.shape[-1] == 1 else logits.argmax(axis=-1)


def residuals(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Derivative of the cross-entropy in the logits, p - onehot(y), accurate also where p is 1 to rounding.

    Args:
        logits: (n, C), any float.
        labels: (n,) integers below C (below 2 when C = 1).
        weights: (n,) of the points in the objective, which multiply; None for 1.

    Returns:
        (n, C) float64.
    """
    if weights is not None:
        return residuals(logits, labels) * np.asarray(weights)[:, None]
    logits = np.asarray(logits, dtype=np.float64)
    if logits.shape[1] == 1:
        positive = np.asarray(labels)[:, None] == 1
        return np.where(positive, -expit(-logits), expit(logits))
    result = probabilities(logits)
    rows = np.arange(len(logits))
    others = logits.copy()
    others[rows, labels] = -np.inf
    result[rows, labels] = -np.exp(logsumexp(others, axis=1) - logsumexp(logits, axis=1))
    return result


def unit_residuals(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Residuals divided by their length, also where the length itself is too small for a float64.

    Up to a factor the residual is -1 at the label and the other classes' probabilities, given that it is not the label,
    elsewhere; for one column only the sign is left.

    Args:
        logits: (n, C), any float. labels: (n,) integers.

    Returns:
        (n, C) float64, rows of length 1.
    """
    result = -margin_gradients(logits, labels)
    return result / np.linalg.norm(result, axis=1, keepdims=True)


def margin_gradients(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Derivative of the correct-class margin in the logits.

    Returns:
        (n, C) float64: 1 at the label and minus the other classes' probabilities, given that it is not the label; for
        one column +-1.
    """
    logits = np.asarray(logits, dtype=np.float64)
    if logits.shape[1] == 1:
        return np.where(np.asarray(labels)[:, None] == 1, 1.0, -1.0)
    rows = np.arange(len(logits))
    others = logits.copy()
    others[rows, labels] = -np.inf
    result = -np.exp(log_softmax(others, axis=1))
    result[rows, labels] = 1.0
    return result


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float64 losses in nats."""
    return np.logaddexp(0.0, -margins(logits, labels))


def margins(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Correct-class margin log(p_y / (1 - p_y)), as datamodels and TRAK use it (Park 2023, equation 5).

    Returns:
        (n,) float64; for one logit column +-s.
    """
    logits = np.asarray(logits, dtype=np.float64)
    if logits.shape[1] == 1:
        return np.where(np.asarray(labels) == 1, logits[:, 0], -logits[:, 0])
    rows = np.arange(len(logits))
    others = logits.copy()
    others[rows, labels] = -np.inf
    return logits[rows, labels] - logsumexp(others, axis=1)
