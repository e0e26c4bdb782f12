"""Influence in the last layer with the damping of the other curvatures, in place of that of influence.h5."""

import numpy as np
from scipy.linalg import cho_solve

from attribution.curvature import damping
from attribution.influence import points as influence
from attribution.methods.run import Run
from attribution.numerics import hessian


class LastLayerDamped:
    """`last-layer` with `curvature.damping`: three times trace(H) / n, by which a point weighs about a quarter.

    The damping of influence.h5 suits the last layer refitted to its optimum, and is far too small for a network that
    was trained: a few uncertain points then hold most of what is left of the curvature.
    """

    family = "influence"
    needs = ("data", "gradients")
    settings = ("curvature.damping",)
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n).

        Raises:
            ValueError: for `curvature.damping.mode` trajectory, whose search is of methods of all layers.
        """
        asked, n = run.queried, len(run.features)
        features = run.features.astype(np.float64)
        matrix = hessian.hessian_sum(features, run.logits, weights=run.point_weights) / n
        trace = float(np.trace(matrix))
        added = damping.value(run.settings["curvature.damping"], trace, len(matrix), n)
        run.facts |= {"damping": added, "damping_mode": run.settings["curvature.damping"]["mode"], "trace": trace}
        lower = hessian.factor(matrix, added)
        pairs = influence.all_pairs(
            asked.features[targets].astype(np.float64), asked.residuals[targets], features, run.residuals,
            lambda vectors: cho_solve((lower, True), vectors),
        )  # fmt: skip
        return pairs / n
