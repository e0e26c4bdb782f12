"""Influence in the last layer with the damping of the other curvatures, in place of that of influence.h5."""

import numpy as np
from scipy.linalg import cho_solve

from attribution.influence import points as influence
from attribution.methods import chosen_damping
from attribution.methods.run import Run
from attribution.numerics import hessian


class LastLayerDamped:
    """`last-layer` with `curvature.damping`: three times trace(H) / n, by which a point weighs about a quarter.

    The damping of influence.h5 suits the last layer refitted to its optimum, and is far too small for a network that
    was trained: a few uncertain points then hold most of what is left of the curvature. The penalty's own curvature is
    not in it, as it is in `last-layer` and the curvatures of all layers: with a penalty two things differ from
    `last-layer`, and not the damping alone.
    """

    family = "influence"
    needs = ("data", "gradients")
    settings = ("curvature.damping", "unrolled.betas")
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n)."""
        asked, n = run.queried, len(run.features)
        features = run.features.astype(np.float64)
        matrix = hessian.hessian_sum(features, run.logits, weights=run.point_weights) / n
        of_targets, slopes = asked.features[targets].astype(np.float64), asked.residuals[targets]

        def influence_on(places: np.ndarray | slice, added: float) -> np.ndarray:
            lower = hessian.factor(matrix, added)
            solve = lambda vectors: cho_solve((lower, True), vectors)  # noqa: E731
            return influence.all_pairs(of_targets[places], slopes[places], features, run.residuals, solve) / n

        trace = float(np.trace(matrix))
        added = chosen_damping.of_settings(run, targets, trace, len(matrix), influence_on)
        return influence_on(slice(None), added)
