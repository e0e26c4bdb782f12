"""Which training points the page of a run has: those that its lists name, and a draw of the others."""

import numpy as np


def choose(labels: np.ndarray, named: list[np.ndarray], limit: int, seed: int) -> np.ndarray:
    """Training indices of the page's points, ascending.

    Args:
        labels: (n,) int64. named: arrays of indices that must be among them, however many they are.
        limit: points of the page; what the named ones leave is drawn from each class by its share of the others.
        seed: of the draw.

    Returns:
        (q,) int64; all n where they are no more than `limit`.
    """
    n = len(labels)
    if n <= limit:
        return np.arange(n)
    must = np.unique(np.concatenate([np.asarray(part, dtype=np.int64) for part in named] or [np.zeros(0, np.int64)]))
    others = np.setdiff1d(np.arange(n), must)
    left = max(limit - len(must), 0)
    others = np.random.default_rng(seed).permutation(others)
    # in the order of its class, a point stands at its share of the class: the first ones are of all classes alike
    place = np.empty(len(others))
    for label in np.unique(labels[others]):
        own = np.flatnonzero(labels[others] == label)
        place[own] = (np.arange(len(own)) + 0.5) / len(own)
    return np.sort(np.concatenate([must, others[np.argsort(place, kind="stable")[:left]]]))
