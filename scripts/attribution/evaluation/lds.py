"""Linear datamodelling score: do the sums of attributions rank what retraining on random subsets does?

Spearman correlation over subsets of the retrained margin with the sum of the members' attributions, mean over targets
(Park et al. 2023, definition 2.3).
"""

from itertools import combinations

import numpy as np
from scipy.stats import rankdata

from attribution.retraining.predictions import spearman

# rows of a table of methods that tell how noisy its truth is
NOISE_FLOOR, ATTAINABLE = "noise-floor", "noise-floor-root"


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


def bootstrap_weights(rows: int, targets: int, resamples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bootstrap draws of rows and targets together: weights (resamples, rows) and (resamples, targets), each adds to 1.

    One seed gives the same draws, so that what is compared on the same rows and targets is paired.
    """
    rng = np.random.default_rng(seed)
    drawn = [rng.multinomial(count, np.full(count, 1 / count), size=resamples) / count for count in (rows, targets)]
    return drawn[0], drawn[1]


def bounds(values: np.ndarray, level: float) -> tuple[float, float]:
    """Percentile interval of drawn values (Efron and Tibshirani 1993, chapter 13)."""
    low, high = np.percentile(values, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)


def drawn_scores(truth: np.ndarray, predicted: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """(resamples, t) scores of drawn subsets.

    Args:
        truth, predicted: (M, t). drawn: (resamples, M), see `bootstrap_weights`.

    Ranks are those of the whole sample: then a draw is a weighted correlation, and all draws are a few products.
    """
    a, b = ranks(truth), ranks(predicted)
    of_a, of_b = drawn @ a, drawn @ b
    covered = drawn @ (a * b) - of_a * of_b
    spread = np.sqrt(np.clip((drawn @ a**2 - of_a**2) * (drawn @ b**2 - of_b**2), 0, None))
    return np.divide(covered, spread, out=np.zeros_like(covered), where=spread > 0)


def interval(truth: np.ndarray, predicted: np.ndarray, resamples: int, level: float, seed: int) -> tuple[float, float]:
    """Bootstrap interval of the mean over targets, over subsets and targets together.

    Args:
        truth, predicted: (M, t). resamples: draws. level: confidence.
    """
    drawn, chosen = bootstrap_weights(*truth.shape, resamples, seed)
    return bounds((drawn_scores(truth, predicted, drawn) * chosen).sum(axis=1), level)


def reliability(margins: np.ndarray) -> np.ndarray:
    """(t,) Correlation of each target's truth with an independent one of as many repetitions.

    Args:
        margins: (r, M, t), an independent training of each subset a repetition; r of 2 or more.

    Its mean over targets is the noise floor of a truth, and of `attainable` what a perfect method scores.
    """
    return _of_means(np.mean([scores(a, b) for a, b in combinations(margins, 2)], axis=0), len(margins))


def attainable(reliabilities: np.ndarray) -> np.ndarray:
    """Scores of a method that knows what repetitions have in common: roots (Spearman 1904), 0 of negative estimates."""
    return np.sqrt(np.clip(reliabilities, 0, None))


def noise_floor(margins: np.ndarray, resamples: int, level: float, seed: int) -> dict[str, tuple[float, float, float]]:
    """Means over targets of `reliability` (NOISE_FLOOR) and of `attainable` (ATTAINABLE) with bootstrap intervals.

    Args:
        margins: (r, M, t). resamples: draws of subsets and targets; repetitions are those that there are.
        level: confidence.
    """
    drawn, chosen = bootstrap_weights(*margins[0].shape, resamples, seed)
    pairs = [drawn_scores(a, b, drawn) for a, b in combinations(margins, 2)]
    single, several = reliability(margins), _of_means(np.mean(pairs, axis=0), len(margins))
    return {
        name: (float(form(single).mean()), *bounds((form(several) * chosen).sum(axis=1), level))
        for name, form in ((NOISE_FLOOR, np.asarray), (ATTAINABLE, attainable))
    }


def _of_means(rho: np.ndarray, count: int) -> np.ndarray:
    """Correlations of means of r repetitions, r rho / (1 + (r - 1) rho), where single ones have rho (Spearman 1910,
    Brown 1910). It is concave: of a mean rho over targets it would be too high.
    """
    with np.errstate(divide="ignore"):
        return np.clip(count * rho / (1 + (count - 1) * rho), -1, 1)
