"""Influence with the Gauss-Newton matrix of all layers, covariances between layers with it."""

from collections.abc import Callable

import numpy as np

from attribution.curvature import gauss_newton
from attribution.methods.curvature import asked as of_run
from attribution.methods.run import Run


class GaussNewton:
    """Influence on all layers, by the kernel of the samples or by conjugate gradients, whichever costs less."""

    family = "influence"
    needs = ("data", "model")
    settings = ("curvature.precision", "curvature.factors", "curvature.damping", "curvature.cg", "unrolled.betas")
    unit = "margin"
    kernel = True

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n).

        Raises:
            ValueError: for a layer that is not understood, one sentence.
        """
        asked = of_run.opened(run, targets)
        influence = solver(run, asked, len(targets))
        found = influence(asked, of_run.chosen_damping(run, asked, targets, influence))
        print(f"solved by {run.facts['solver']}", *run.facts.get("residuals", []), flush=True)
        return found

    def points(self, run: Run) -> np.ndarray:
        """(n,) influence of each point on its own loss; costs as many targets as there are points."""
        return of_run.itself_by_influence(run, solver)


def solver(run: Run, asked: of_run.Asked, count: int) -> Callable:
    """(asked, damping) -> (t, n), influence on targets of which there are about so many."""
    chosen = run.settings["curvature.cg"]
    limits = (chosen["max_iterations"], chosen["tolerance"])
    form = gauss_newton.cheaper(asked.network, len(asked.x), count, limits[0])
    factors = run.settings["curvature.factors"]
    points = (asked.passes, asked.logits, asked.y)
    inverse = gauss_newton.Inverse(asked.network, *points, form, factors, asked.weights)
    run.facts["solver"] = form

    def influence(asked: of_run.Asked, damping: float) -> np.ndarray:
        answers = [
            gauss_newton.influence(inverse, asked.vectors[part], damping, *limits)
            for part in of_run.blocks(len(asked.vectors))
        ]
        steps = [answer.residuals.max(axis=1) for answer in answers if len(answer.residuals)]
        if steps:
            # targets in blocks stop at different steps
            longest = max(map(len, steps))
            padded = [np.append(step, np.full(longest - len(step), step[-1])) for step in steps]
            run.facts["residuals"] = np.max(padded, axis=0).tolist()
        return np.concatenate([answer.scores for answer in answers])

    return influence
