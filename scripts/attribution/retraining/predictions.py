"""Changes of losses when points or groups leave the training set: what is known to predict them, and agreement."""

from functools import cached_property

import numpy as np
from scipy.stats import rankdata

from attribution.influence import points as influence
from attribution.influence import removal_steps as steps
from attribution.influence import rescaled
from attribution.numerics import solvers
from attribution.numerics.hessian import factor, hessian_sum
from attribution.numerics.residuals import cross_entropy, residuals

STEPS = ("first-order", "second-order", "rescaled", "newton", "newton-twice")
# Every step, the loss linearised and then itself at the moved parameters.
FAMILY = tuple(f"{step}{way}" for way in ("", " re-evaluated") for step in STEPS)


class LastLayer:
    """A trained last layer and the points whose losses are asked for; n training points, D features, C logits, k = D C.

    Args:
        features: (n, D). labels: (n,). weights: (D, C).
        decay, slope: (k,) diagonal Hessian and gradient of the weight decay. damping: added to the diagonal.
        target_features: (t, D). target_labels: (t,). Their losses are not weighted.
        point_weights: (n,) of the training points in the objective; None for 1.
    """

    def __init__(
        self,
        features: np.ndarray,
        labels: np.ndarray,
        weights: np.ndarray,
        decay: np.ndarray,
        slope: np.ndarray,
        damping: float,
        target_features: np.ndarray,
        target_labels: np.ndarray,
        point_weights: np.ndarray | None = None,
    ):
        self.features, self.labels, self.weights = features, labels, weights
        self.decay, self.slope, self.damping = decay, slope, damping
        self.target_features, self.target_labels = target_features, target_labels
        self.point_weights = point_weights
        self._steps = {}

    @cached_property
    def logits(self) -> np.ndarray:
        """(n, C)."""
        return self.features @ self.weights

    @cached_property
    def hessian(self) -> np.ndarray:
        """(k, k) mean Hessian of the losses with the decay's, undamped."""
        found = hessian_sum(self.features, self.logits, weights=self.point_weights)
        return found / len(self.labels) + np.diag(self.decay)

    @cached_property
    def alone(self) -> np.ndarray:
        """(n, C) residuals with each point's own curvature taken out of the Hessian, see `influence.rescaled`."""
        lower = np.linalg.inv(factor(self.hessian, self.damping))
        own = rescaled.leverages(self.features, lower.T @ lower, self.logits.shape[1])
        r = residuals(self.logits, self.labels, self.point_weights)
        return rescaled.residuals(self.logits, r, own, len(self.labels), self.point_weights)

    def steps(self, members: np.ndarray, step: str = "") -> dict[str, np.ndarray]:
        """Change of the weights without a group, by each of `removal_steps.METHODS`; found once for all of them.

        Args:
            step: `rescaled` or `newton-twice` where that one is wanted too.
        """
        key = (members.tobytes(), step if step in ("rescaled", "newton-twice") else "")
        if key not in self._steps:
            more = {"rescaled": lambda: {"alone": self.alone}, "newton-twice": lambda: {"twice": True}}
            self._steps[key] = steps.removal_steps(
                self.features, self.logits, self.labels, members, self.hessian, self.damping, self.decay, self.slope,
                weights=self.point_weights, **more.get(step, dict)(),
            )  # fmt: skip
        return self._steps[key]

    def stepped(self, members: np.ndarray, step: str, evaluated: bool) -> np.ndarray:
        """(t,) changes of the losses without a group by a step: linearised, or the loss itself at the moved weights."""
        moved = self.steps(members, step)[step]
        found = steps.loss_changes(self.target_features, self.target_labels, self.weights, moved)
        return found[1 if evaluated else 0]

    def family(self, groups: list[np.ndarray]) -> np.ndarray:
        """(FAMILY, g, t) changes of the losses when each of the groups leaves."""
        return np.stack([
            [self.stepped(members, step, evaluated) for members in groups]
            for evaluated in (False, True)
            for step in STEPS
        ])  # fmt: skip

    def each_alone(self) -> np.ndarray:
        """(n, t) linearised changes of the losses by influence / n, each point alone (Koh and Liang 2017)."""
        n, targets, lower = len(self.labels), self.target_features, factor(self.hessian, self.damping)
        r = residuals(self.logits, self.labels, self.point_weights)
        r_targets = residuals(targets @ self.weights, self.target_labels)

        def solve(b: np.ndarray) -> np.ndarray:
            return solvers.exact(lower, b)

        one = influence.all_pairs(targets, r_targets, self.features, r, solve).T / n
        # the decay belongs to every point's loss, and leaves with it
        one += influence.scores(targets, r_targets, solve(self.slope[:, None]))[:, 0] / n
        return one


def losses_at(weights: np.ndarray, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(M, t) losses of the targets at each of (M, D, C) last layers."""
    return np.stack([cross_entropy(features @ w, labels) for w in weights])


def on_group_and_test(changes: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean change of the loss over the points that left, and over the test set.

    Args:
        changes: (..., g, n + m), training targets first. masks: (g, n), False where a point left.

    Returns:
        own (..., g), test (..., g).
    """
    n = masks.shape[1]
    out = ~masks
    return (changes[..., :n] * out).sum(axis=-1) / out.sum(axis=1), changes[..., n:].mean(axis=-1)


def pearson(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlation along the first axis, NaN where one side is constant.

    Args:
        a, b: (s, ...).
    """
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    scale = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return (a * b).sum(axis=0) / np.where(scale > 0, scale, np.nan)


def spearman(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Rank correlation along the first axis, NaN where one side is constant; ties share their mean rank."""
    return pearson(rankdata(a, axis=0), rankdata(b, axis=0))


def bootstrap(statistic, *arrays: np.ndarray, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """5th and 95th percentile of a statistic over resampled rows of all arrays together."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(arrays[0]), (draws, len(arrays[0])))
    values = [float(statistic(*(a[row] for a in arrays))) for row in rows]
    low, high = np.nanpercentile(values, [5, 95])
    return float(low), float(high)
