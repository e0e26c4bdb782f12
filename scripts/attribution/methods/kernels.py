"""A method's kernel of all training points: the inner products by which Algorithm 1 grows groups from any vectors."""

import numpy as np

from attribution.influence import points as influence
from attribution.methods.base import Method
from attribution.methods.run import Run
from attribution.partition import source, vectors


def of_method(label: str, method: Method, run: Run, unit: bool) -> np.ndarray:
    """(n, n) float64, symmetric.

    Args:
        label: the method's name. method: with `vectors`, or pairs that are a `kernel`; of distances the Gaussian kernel
            stands. run: a run whose targets are the training points. unit: whether vectors are taken at length one.

    Raises:
        ValueError: when it is larger than `influence.matrix_gb`, or a number is not finite, or for `unit` a vector has
            length zero: stop conditions ask for the cosine of each two.
    """
    n = len(run.labels)
    source.refuse_large_kernel(label, n, run.settings["influence.matrix_gb"])
    if getattr(method, "kernel", False):
        found = method.pairs(run, np.arange(n))
    elif method.family == "distance":
        found = gaussian(-method.pairs(run, np.arange(n)))
    else:
        own = method.vectors(run)
        if isinstance(own, source.Factors):
            h, r, solve, _ = own
            found = influence.all_pairs(h, r, h, r, solve)
        else:
            found = own @ own.T
    found = (found + found.T) / 2
    own = np.diag(found)
    if not np.isfinite(found).all() or (unit and (own <= 0).any()):
        raise ValueError(
            f"the kernel of method '{label}' has {(~np.isfinite(found)).sum()} numbers that are not finite and "
            f"{(own <= 0).sum()} vectors of length zero; take it out of the settings' methods"
        )
    return vectors.cosines(found) if unit else found


def gaussian(squares: np.ndarray) -> np.ndarray:
    """(n, n) exp(-d^2 / (2 s^2)) of squared distances d^2 (n, n), s the median distance (Gretton et al. 2012)."""
    median = np.median(squares[np.triu_indices(len(squares), 1)])
    return np.exp(-squares / (2 * median))
