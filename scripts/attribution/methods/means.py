"""The mean of a method's attributions over several trainings, which no single training may outweigh."""

import numpy as np


def lengths(pairs: list[np.ndarray]) -> np.ndarray:
    """(K,) spread of each training's attributions (t, n) over training points, median over targets.

    Of subsets of one size it is the spread of what they predict, and what is added to all points counts for nothing.
    """
    return np.array([np.median(found.std(axis=1)) for found in pairs])


def weights(sizes: np.ndarray) -> np.ndarray:
    """(K,) weight of each training: 1 up to the median length, beyond it the inverse of the square.

    Derivatives through a training are its effect and, where the training is chaotic, noise that grows without bound;
    what is longer than usual is noise, and means of noisy numbers weigh them by the inverse of their variance.

    Args:
        sizes: (K,) see `lengths`.
    """
    usual = np.median(sizes)
    return np.divide(usual, sizes, out=np.ones(len(sizes)), where=sizes > usual) ** 2


def mean(pairs: list[np.ndarray], shares: np.ndarray | None = None) -> np.ndarray:
    """(t, n) mean of the trainings' attributions, weighted by shares (K,) where they are given."""
    return np.average(pairs, axis=0, weights=shares)
