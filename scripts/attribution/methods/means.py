"""The mean of a method's attributions over several trainings, which no single training may outweigh."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import trim_mean

# share of the networks left out at each end, of every single score
TRIMMED = 0.1


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
    return to_the_median(sizes) ** 2


def to_the_median(sizes: np.ndarray) -> np.ndarray:
    """Of sizes (K, ...) the factors that bring what is above the median over the first axis to it, 1 for the others."""
    usual = np.median(sizes, axis=0)
    return np.divide(usual, sizes, out=np.ones_like(sizes), where=sizes > usual)


def mean(pairs: list[np.ndarray], shares: np.ndarray | None = None) -> np.ndarray:
    """(t, n) mean of the trainings' attributions, weighted by shares (K,) where they are given."""
    return np.average(pairs, axis=0, weights=shares)


def trimmed(pairs: Sequence[np.ndarray]) -> np.ndarray:
    """(t, n) mean over networks of each score without the TRIMMED largest and smallest.

    Before, each target's mean over points is taken off, and where a network's scores of a target are longer than usual
    they are brought to the median length: derivatives through a chaotic training have heavy tails, in single scores and
    in whole rows. The mean over points, which counts for nothing among subsets of one size, is put back as its median.

    Args:
        pairs: of each network (t, n).
    """
    found = np.stack(pairs)
    levels = found.mean(axis=2, keepdims=True)
    shares = to_the_median(found.std(axis=2, keepdims=True))
    return trim_mean((found - levels) * shares, TRIMMED, axis=0) + np.median(levels, axis=0)
