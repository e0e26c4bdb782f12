"""The selection rules of Algorithm 1, for pairs and for groups."""

import numpy as np

from attribution.groups import greedy
from attribution.influence import points as influence
from attribution.methods.run import Run
from attribution.partition.source import Factors


class Influence:
    """Influence of each training point on the target (Koh and Liang 2017)."""

    family = "influence"
    needs = ("data", "gradients", "hessian", "influence")
    directions = ("max", "min")
    rule = "influence"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n): the rule for a group that is the target alone; `l-relative` is the cosine of whitened gradients.

        Raises:
            ValueError: when a relative rule meets a gradient of length zero.
        """
        asked = run.queried
        weight = greedy.member_weights(self.rule, asked.own)
        s = influence.all_pairs(
            asked.features[targets], asked.residuals[targets], run.features, run.residuals, run.solve
        )
        return greedy.criterion(self.rule, s.T * weight[targets], run.own, run.step_norm).T

    def vectors(self, run: Run) -> Factors:
        """Whitened gradients, whose inner products are influence (definition 3.1)."""
        return Factors(run.features, run.residuals, run.solve, run.own)

    def groups(self, run: Run, seeds: list[int], size: int, direction: str = "max") -> list[np.ndarray]:
        """Algorithm 1 from each seed alone; see `greedy.grow`."""
        found = greedy.grow(
            run.features, run.residuals, run.solve, run.own, run.step_norm, [[seed] for seed in seeds], size,
            self.rule, direction, run.keys,
        )  # fmt: skip
        return [group.members for group in found]


class Objective(Influence):
    """The report's definition 3.2: twice the influence, and the candidate's on itself."""

    rule = "objective"


class ThetaRelative(Influence):
    """Influence for the length of the step that it takes (Barshan 2020)."""

    rule = "theta-relative"

    def vectors(self, run: Run) -> Factors:
        """Steps H^-1 g at length 1."""
        scaled = run.residuals / np.where(run.step_norm > 0, run.step_norm, np.inf)[:, None]
        return Factors(run.features, scaled, lambda b: run.solve(run.solve(b)), (run.step_norm > 0).astype(float))


class LRelative(Influence):
    """Influence of gradients whitened to length 1."""

    rule = "l-relative"

    def vectors(self, run: Run) -> Factors:
        """Whitened gradients at length 1."""
        return Factors(run.features, influence.unit(run.residuals, run.own), run.solve, (run.own > 0).astype(float))
