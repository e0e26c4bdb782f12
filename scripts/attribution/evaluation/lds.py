"""Linear datamodelling score: do the sums of attributions rank what retraining on random subsets does?

Spearman correlation over subsets of the retrained margin with the sum of the members' attributions, mean over targets
(Park et al. 2023, definition 2.3).
"""

import numpy as np
from scipy.stats import rankdata

from attribution.retraining.predictions import spearman


def ranks(values: np.ndarray) -> np.ndarray:
    """(M, t) ranks along the first axis, less their mean, scaled to length 1; zeros where all values are equal."""
    found = rankdata(values, axis=0)
    found -= found.mean(axis=0)
    length = np.linalg.norm(found, axis=0)
    return np.divide(found, length, out=np.zeros_like(found), where=length > 0)


def scores(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """(t,) Spearman correlation of each target; 0 where either side is constant.

    Args:
        truth, predicted: (M, t), a row a subset.
    """
    return np.nan_to_num(spearman(truth, predicted))


def interval(truth: np.ndarray, predicted: np.ndarray, resamples: int, level: float, seed: int) -> tuple[float, float]:
    """Bootstrap interval of the mean over targets, over subsets and targets together.

    Args:
        truth, predicted: (M, t). resamples: draws. level: confidence.

    Ranks are those of the whole sample: then a draw is a weighted correlation, and all draws are a few products.
    """
    rng, (subsets, targets) = np.random.default_rng(seed), truth.shape
    a, b = ranks(truth), ranks(predicted)
    drawn = rng.multinomial(subsets, np.full(subsets, 1 / subsets), size=resamples) / subsets
    of_a, of_b = drawn @ a, drawn @ b
    covered = drawn @ (a * b) - of_a * of_b
    spread = np.sqrt(np.clip((drawn @ a**2 - of_a**2) * (drawn @ b**2 - of_b**2), 0, None))
    found = np.divide(covered, spread, out=np.zeros_like(covered), where=spread > 0)
    chosen = rng.multinomial(targets, np.full(targets, 1 / targets), size=resamples) / targets
    means = (found * chosen).sum(axis=1)
    low, high = np.percentile(means, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)


def reliability(margins: np.ndarray) -> float:
    """Correlation of this truth with an independent one of as many repetitions: its noise floor.

    Args:
        margins: (r, M, t), an independent training of each subset a repetition; r of 2 or more.

    The mean Spearman correlation rho of two single repetitions gives r rho / (1 + (r - 1) rho) for means of r
    (Spearman 1910, Brown 1910). The score of the best method is about its square root.
    """
    count = len(margins)
    pairs = [scores(margins[i], margins[j]).mean() for i in range(count) for j in range(i)]
    rho = float(np.mean(pairs))
    return count * rho / (1 + (count - 1) * rho)
