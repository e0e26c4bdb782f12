"""On which side of the border of attribution a training lies, told before any score is known.

Two numbers decide, for a share of points that stay: the growth of cotangents on their way back through the training,
see `training.metagradient`, and its metasmoothness at that share, see `retraining.smoothness`.
"""

import numpy as np

# cotangents that do not grow; more than half of the first step's change goes on in the second
THRESHOLDS = (1.0, 0.5)
# linear datamodelling score of the exact derivative on the good side
SCORE = 0.7
SIDES = ("fails", "unclear", "holds")
# thresholds among which others are chosen
GROWTHS, EVENNESSES = np.arange(0.5, 1.55, 0.1), np.arange(0.0, 0.95, 0.1)
# what a training of which nothing is said counts beside a wrong answer
UNCLEAR = 0.5


def sides(growth: np.ndarray, metasmoothness: np.ndarray, thresholds: tuple[float, float] = THRESHOLDS) -> np.ndarray:
    """(c,) of SIDES: the exact derivative holds where both numbers say so, fails where both deny it.

    Args:
        growth, metasmoothness: (c,). thresholds: the most of one and the least of the other.
    """
    votes = (np.asarray(growth) <= thresholds[0]).astype(int) + (np.asarray(metasmoothness) >= thresholds[1])
    return np.array(SIDES)[votes]


def told(found: np.ndarray, scores: np.ndarray) -> tuple[int, int]:
    """How many sides (c,) are wrong of trainings with these scores of the exact derivative, and how many unclear."""
    holds = np.asarray(scores) >= SCORE
    wrong = ((found == SIDES[2]) & ~holds) | ((found == SIDES[0]) & holds)
    return int(wrong.sum()), int((found == SIDES[1]).sum())


def left_out(growth: np.ndarray, metasmoothness: np.ndarray, scores: np.ndarray, recipes: np.ndarray) -> np.ndarray:
    """(c,) of SIDES, each by thresholds that were chosen on the other recipes alone.

    Of all pairs of thresholds that are best there, their medians count.

    Args:
        growth, metasmoothness, scores, recipes: (c,).
    """
    growth, metasmoothness, scores, recipes = map(np.asarray, (growth, metasmoothness, scores, recipes))
    pairs = [(float(most), float(least)) for most in GROWTHS for least in EVENNESSES]
    result = np.empty(len(scores), dtype=np.array(SIDES).dtype)
    for recipe in np.unique(recipes):
        own = recipes == recipe
        counts = [told(sides(growth[~own], metasmoothness[~own], pair), scores[~own]) for pair in pairs]
        costs = np.array([wrong + UNCLEAR * unclear for wrong, unclear in counts])
        chosen = np.median(np.array(pairs)[costs == costs.min()], axis=0)
        result[own] = sides(growth[own], metasmoothness[own], tuple(chosen))
    return result
