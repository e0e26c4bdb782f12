"""What the package cleanlab says of labels (Northcutt, Jiang and Chuang 2021), where it is installed."""

import numpy as np

from attribution.boundary import points as boundary
from attribution.methods.run import Run
from attribution.numerics import residuals

# of the package: which points are label issues, and what they are ranked by
DEFAULT = ("prune_by_noise_rate", "self_confidence")
CONFIDENT = ("confident_learning", "normalized_margin")


class Cleanlab:
    """Label issues as `cleanlab.filter.find_label_issues` finds them without options, then all other points."""

    family = "boundary"
    needs = ("data", "folds")
    stored = True

    def points(self, run: Run) -> np.ndarray:
        """(n,) in [0, 2]: issues first."""
        return scores(residuals.probabilities(boundary.class_logits(run.out_of_sample)), run.labels, *DEFAULT)


class ConfidentLearning:
    """The package's confident learning, as method `confident-learning` is ours.

    It differs in three things: a threshold is reached from 1e-6 below it; a point that reaches several counts for the
    most likely of all classes; and no point is an issue whose label is the most likely class.
    """

    family = "boundary"
    needs = ("data", "folds")
    stored = True

    def points(self, run: Run) -> np.ndarray:
        """(n,) in [0, 2]: issues first."""
        return scores(residuals.probabilities(boundary.class_logits(run.out_of_sample)), run.labels, *CONFIDENT)


def scores(probabilities: np.ndarray, labels: np.ndarray, found_by: str, ranked_by: str) -> np.ndarray:
    """(n,) float64: 1 less the package's label quality, and 1 more for its label issues.

    Args:
        probabilities: (n, C), by networks that have not seen the point. labels: (n,) int64.
        found_by: `filter_by` of `cleanlab.filter.find_label_issues`. ranked_by: `method` of
            `cleanlab.rank.get_label_quality_scores`.

    Raises:
        ValueError: one sentence, when the package is not installed.
    """
    try:
        from cleanlab import filter, rank
    except ImportError:
        raise ValueError(
            "methods cleanlab and cleanlab-confident-learning need the package cleanlab, which is not installed; "
            "run `make cleanlab`, or take them out of section methods"
        ) from None
    # a process more a core would start TensorFlow's threads again
    issues = filter.find_label_issues(labels, probabilities, filter_by=found_by, n_jobs=1)
    return 1 - rank.get_label_quality_scores(labels, probabilities, method=ranked_by) + issues
