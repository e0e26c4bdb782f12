"""Weights of training points in the objective, by their class: (1/n) sum_i w_{y_i} l_i and the penalties.

A batch of B points counts (1/B) sum_i w_i l_i, as with Keras's class_weight; the sum of the weights divides nothing.
Points that leave take their weight along and change no other's: `balanced` is of the whole training set.
"""

import numpy as np

from attribution.files import hdf5
from attribution.files.results.gradients import POINT_WEIGHTS

BALANCED = "balanced"


def of_labels(labels: np.ndarray, chosen: str | list[float] | None) -> np.ndarray | None:
    """(n,) float64 weights; None where no classes are weighted.

    Args:
        labels: (n,) integers of all training points. chosen: `balanced`, n / (C n_c) with C the classes that have
            points (King and Zeng 2001, as scikit-learn has it), or weights of the classes 0, 1 and so on, 1 for those
            after them; None or nothing for no weights.
    """
    if not chosen:
        return None
    if chosen == BALANCED:
        present, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
        return (len(labels) / (len(present) * counts))[place]
    of_class = np.ones(max(len(chosen), int(np.max(labels)) + 1))
    of_class[: len(chosen)] = chosen
    return of_class[labels]


def stored(gradients: str) -> np.ndarray | None:
    """(n,) those that gradients.h5 was computed with; None where there are none.

    Args:
        gradients: path of gradients.h5.
    """
    with hdf5.file(gradients) as file:
        return file[POINT_WEIGHTS][()] if POINT_WEIGHTS in file else None


def of_members(weights: np.ndarray | None, members: np.ndarray | slice) -> np.ndarray | None:
    """Those of some points, None where there are none."""
    return None if weights is None else weights[members]
