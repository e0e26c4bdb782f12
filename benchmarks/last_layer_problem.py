"""A softmax regression at its optimum, and its influence computed the plain way: NumPy only, nothing from the package.

Parameters are the (D, C) matrix W of the extended features [x, 1], flattened row by row. The objective is the mean
cross-entropy + decay / 2 ||W||^2 over all parameters, bias included; decay is also what is added to the Hessian.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Problem(NamedTuple):
    """`features` (n, D) and `test_features` (m, D) float64, last column 1; `labels` (n,), `test_labels` (m,) int64;
    `weights` (D, C) float64; `decay` non-negative."""

    features: np.ndarray
    labels: np.ndarray
    test_features: np.ndarray
    test_labels: np.ndarray
    weights: np.ndarray
    decay: float


def extend(x: np.ndarray) -> np.ndarray:
    """(n, d) -> (n, d + 1) float64, a column of ones at the end."""
    return np.concatenate([x.astype(np.float64), np.ones((len(x), 1))], axis=1)


def load(path: str | Path) -> Problem:
    """Read Xtr (n, d), ytr, Xte (m, d), yte, W (C, d), b (C,) and lam from an .npz file.

    Raises:
        ValueError: when an array is missing.
    """
    with np.load(path) as file:
        missing = {"Xtr", "ytr", "Xte", "yte", "W", "b", "lam"} - set(file.files)
        if missing:
            raise ValueError(f"{path} lacks the arrays {', '.join(sorted(missing))}; it has {', '.join(file.files)}")
        weights = np.concatenate([file["W"], file["b"][:, None]], axis=1).T.astype(np.float64)
        return Problem(
            extend(file["Xtr"]), file["ytr"], extend(file["Xte"]), file["yte"], weights, float(file["lam"])
        )  # fmt: skip


def draw(n: int, m: int, d: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping Gaussian classes, a tenth of the labels redrawn: (n + m, d + 1) extended, (n + m,) int64."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, d)) * 2 / np.sqrt(d)
    truth = rng.integers(0, classes, n + m)
    # float32, as a network's features are
    x = extend((centres[truth] + rng.normal(size=(n + m, d))).astype(np.float32))
    return x, np.where(rng.random(n + m) < 0.1, rng.integers(0, classes, n + m), truth)


def make(n: int = 5000, m: int = 1000, d: int = 64, classes: int = 10, decay: float = 1e-3, seed: int = 0) -> Problem:
    """What `draw` gives, fitted by Newton's method until the gradient's largest entry is below 1e-12.

    Raises:
        RuntimeError: when that is not reached in 50 steps.
    """
    x, y = draw(n, m, d, classes, seed)
    weights = fit(x[:n], y[:n], classes, decay)
    return Problem(x[:n], y[:n], x[n:], y[n:], weights, decay)


def fit(features: np.ndarray, labels: np.ndarray, classes: int, decay: float) -> np.ndarray:
    """(D, C) minimiser of the objective, by Newton's method with step halving."""

    def objective(w):
        logits = features @ w
        top = logits.max(axis=1)
        log_sum = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
        return np.mean(log_sum - logits[np.arange(len(labels)), labels]) + decay / 2 * (w**2).sum()

    w = np.zeros((features.shape[1], classes))
    for _ in range(50):
        gradient = features.T @ residuals(features, labels, w) / len(labels) + decay * w
        if np.abs(gradient).max() < 1e-12:
            return w
        step = np.linalg.solve(dense_hessian(features, w, decay), gradient.ravel()).reshape(w.shape)
        size, now = 1.0, objective(w)
        while objective(w - size * step) > now + 1e-12 and size > 1e-6:
            size /= 2
        w = w - size * step
    raise RuntimeError(f"the fit stopped at a gradient of {np.abs(gradient).max():.2g} after 50 Newton steps")


def probabilities(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n, C) softmax."""
    logits = features @ weights
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def residuals(features: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n, C) p - onehot(y), literally."""
    return probabilities(features, weights) - np.eye(weights.shape[1])[labels]


def dense_hessian(features: np.ndarray, weights: np.ndarray, decay: float, rows: int = 1000) -> np.ndarray:
    """(D C, D C) mean over samples of (h h^T) (x) (diag(p) - p p^T), each factor written out, plus decay I."""
    n, d = features.shape
    c = weights.shape[1]
    total = np.zeros((d, d, c, c))
    for start in range(0, n, rows):
        h = features[start : start + rows]
        p = probabilities(h, weights)
        middle = np.einsum("nc,ce->nce", p, np.eye(c)) - np.einsum("nc,ne->nce", p, p)
        total += np.tensordot(np.einsum("na,nb->nab", h, h), middle, axes=(0, 0))
    return total.transpose(0, 2, 1, 3).reshape(d * c, d * c) / n + decay * np.eye(d * c)


def plain_influence(problem: Problem) -> np.ndarray:
    """(m, n) g_test^T (H + decay I)^-1 g_train from materialised float64 gradients and a general dense solve."""
    x, t, w = problem.features, problem.test_features, problem.weights
    g = np.einsum("na,nc->nac", x, residuals(x, problem.labels, w)).reshape(len(x), -1)
    g_test = np.einsum("na,nc->nac", t, residuals(t, problem.test_labels, w)).reshape(len(t), -1)
    return g_test @ np.linalg.solve(dense_hessian(x, w, problem.decay), g.T)


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest over targets (rows) of ||found - expected|| / ||expected||: a target of small gradient counts as
    much as any other."""
    difference = np.linalg.norm(found.astype(np.float64) - expected, axis=1)
    return float((difference / np.linalg.norm(expected, axis=1)).max())


def seconds(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, np.ndarray]:
    """Wall-clock seconds of each call, (repeats,), taken in turns so that a busy moment hits all alike.

    One untimed round goes first: it loads code and touches memory.
    """
    taken = {name: [] for name in calls}
    for repeat in range(-1, repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if repeat >= 0:
                taken[name].append(time.perf_counter() - start)
    return {name: np.array(values) for name, values in taken.items()}
