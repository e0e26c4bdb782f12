"""Combinations of logits whose derivatives are taken: columns of the square root of the loss's Hessian, residuals.

The cross-entropy's Hessian in the logits, diag p - p p^T, is S S^T with S = diag(sqrt p) - p sqrt(p)^T: column c is
sqrt(p_c) times the residual of label c. So a sum over these C columns is the expectation over labels drawn from the
network's own prediction, exactly; nothing is sampled. For one logit S is sqrt(p (1 - p)).
"""

import numpy as np
from scipy.special import expit, log_softmax

from attribution.curvature.network import Seeds
from attribution.numerics.residuals import residuals


def roots(logits: np.ndarray, weights: np.ndarray | None = None) -> Seeds:
    """Seeds rows -> (C, rows, C), the columns of S for each sample, times the root of its weight.

    Args:
        logits: (n, C), any float. weights: (n,) of the samples in the objective; None for 1.
    """
    if weights is not None:
        plain = roots(logits)
        return lambda rows: plain(rows) * np.sqrt(weights[rows])[:, None]

    def seeds(rows: slice) -> np.ndarray:
        part = np.asarray(logits[rows], dtype=np.float64)
        if part.shape[1] == 1:
            return np.sqrt(expit(part) * expit(-part))[None]
        weight = np.exp(log_softmax(part, axis=1) / 2)
        labels = [np.full(len(part), c) for c in range(part.shape[1])]
        # residuals have no cancellation in 1 - p; the sign is of no account
        return np.stack([weight[:, c, None] * residuals(part, labels[c]) for c in range(part.shape[1])])

    return seeds


def weights_of_residuals(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """(n, C) float64 u with S u = the cross-entropy's residual, S as `roots` has it, sign included.

    Args:
        logits: (n, C). labels: (n,) integers. weights: as in `roots`, which both S and the residual then have.
    """
    if weights is not None:
        return weights_of_residuals(logits, labels) * np.sqrt(weights)[:, None]
    logits = np.asarray(logits, dtype=np.float64)
    if logits.shape[1] == 1:
        positive = np.asarray(labels)[:, None] == 1
        return np.where(positive, -np.exp(-logits / 2), np.exp(logits / 2))
    # sum_c sqrt(p_c) u_c (p - e_c) = r has u = -r / sqrt(p) as one answer, since residuals sum to zero
    return -residuals(logits, labels) * np.exp(-log_softmax(logits, axis=1) / 2)


def single(values: np.ndarray) -> Seeds:
    """Seeds rows -> (1, rows, C) from given combinations (n, C)."""
    return lambda rows: values[None, rows]
