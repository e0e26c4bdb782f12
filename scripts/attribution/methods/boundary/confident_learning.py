"""Confident learning (Northcutt, Jiang and Chuang 2021), from out-of-sample probabilities."""

import numpy as np

from attribution.boundary import points as boundary
from attribution.methods.run import Run
from attribution.numerics import residuals


class ConfidentLearning:
    """A point that is confidently of another class, by that class's own threshold."""

    family = "boundary"
    needs = ("data", "folds")
    stored = True

    def points(self, run: Run) -> np.ndarray:
        """(n,) in [-1, 3): points that the confident joint counts off its diagonal first."""
        return scores(residuals.probabilities(boundary.class_logits(run.out_of_sample)), run.labels)


def scores(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Off the diagonal of the confident joint, and then by the normalised margin.

    The threshold of a class is the mean probability of it among the points so labelled (their equation 2); a point is
    counted for the most likely class among those whose thresholds it reaches (equation 1), off the diagonal where that
    is not its label; among these, and among the others, the largest other probability less the label's decides
    (normalised margin, their section 4).

    Args:
        probabilities: (n, C), by networks that have not seen the point. labels: (n,) int64.

    Returns:
        (n,) float64, 2 more for points off the diagonal.
    """
    rows, classes = np.arange(len(labels)), probabilities.shape[1]
    sums = np.bincount(labels, probabilities[rows, labels], classes)
    threshold = np.divide(sums, np.bincount(labels, minlength=classes), where=np.bincount(
        labels, minlength=classes) > 0, out=np.full(classes, np.inf))  # fmt: skip
    confident = np.where(probabilities >= threshold, probabilities, -np.inf)
    off = np.isfinite(confident.max(axis=1)) & (confident.argmax(axis=1) != labels)
    others = probabilities.copy()
    others[rows, labels] = -np.inf
    return others.max(axis=1) - probabilities[rows, labels] + 2.0 * off
