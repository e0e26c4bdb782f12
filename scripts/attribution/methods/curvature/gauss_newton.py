"""Influence with the Gauss-Newton matrix of all layers, covariances between layers with it."""

from collections.abc import Callable

import numpy as np

from attribution.curvature import gauss_newton
from attribution.methods.curvature import opening
from attribution.methods.run import Run


class GaussNewton:
    """Influence on all layers, by the kernel of the samples or by conjugate gradients, whichever costs less.

    The number of targets decides with it: where it changes the form, scores differ by what `curvature.cg` leaves.
    """

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
        opened = opening.of_run(run, targets)
        influence = solver(run, opened, len(targets))
        found = influence(opened, opening.damping_of(run, opened, targets, influence))
        print(f"solved by {run.facts['solver']}", *run.facts.get("residuals", []), flush=True)
        return found

    def points(self, run: Run) -> np.ndarray:
        """(n,) influence of each point on its own loss; costs as many targets as there are points."""
        return opening.itself_by_influence(run, solver)


def solver(run: Run, opened: opening.Opened, count: int) -> Callable:
    """(opened, damping) -> (t, n), influence on targets of which there are about so many."""
    chosen = run.settings["curvature.cg"]
    limits = (chosen["max_iterations"], chosen["tolerance"])
    form = gauss_newton.cheaper(opened.network, len(opened.x), count, limits[0])
    factors = run.settings["curvature.factors"]
    points = (opened.passes, opened.logits, opened.y)
    inverse = gauss_newton.Inverse(opened.network, *points, form, factors, opened.weights)
    run.facts["solver"] = form

    def influence(opened: opening.Opened, damping: float) -> np.ndarray:
        answers = [
            gauss_newton.influence(inverse, opened.vectors[part], damping, *limits)
            for part in opening.blocks(len(opened.vectors))
        ]
        steps = [answer.residuals.max(axis=1) for answer in answers if len(answer.residuals)]
        if steps:
            # targets in blocks stop at different steps
            longest = max(map(len, steps))
            padded = [np.append(step, np.full(longest - len(step), step[-1])) for step in steps]
            run.facts["residuals"] = np.max(padded, axis=0).tolist()
        return np.concatenate([answer.scores for answer in answers])

    return influence
