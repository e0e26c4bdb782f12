"""SOURCE: influence along the training's path in segments (Bae et al. 2024, arXiv 2405.12186)."""

from collections.abc import Callable

import numpy as np

from attribution.curvature import segments, source
from attribution.methods.curvature import opening
from attribution.methods.run import Run


class Source:
    """Influence by unrolling the training through a few segments, whose curvature is constant."""

    family = "unrolled"
    needs = ("data", "model")
    settings = ("curvature.precision", "curvature.factors", "curvature.damping", "curvature.source", "unrolled.betas")
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n).

        Raises:
            ValueError: for a layer that is not understood, or a training that cannot be run again; one sentence.
        """
        opened = opening.of_run(run, targets)
        influence = unrolled(run, opened, len(targets))
        return influence(opened, opening.damping_of(run, opened, targets, influence))

    def points(self, run: Run) -> np.ndarray:
        """(n,) influence of each point on its own loss; costs as many targets as there are points."""
        return opening.itself_by_influence(run, unrolled)


def unrolled(run: Run, opened: opening.Opened, count: int) -> Callable:
    """(opened, damping) -> (t, n), influence along the path of the run's training."""
    from attribution.training import replay

    chosen = run.settings["curvature.source"]
    training = replay.of_recipe(run.recipe, run.x, run.labels, run.classes, run.seed)
    number, each = chosen["segments"], chosen["checkpoints"]
    path = source.curved(
        opened.network, opened.x, segments.of_replay(training, run.recipe["training"], number, each),
        factors=run.settings["curvature.factors"], weights=run.point_weights,
    )  # fmt: skip
    run.facts |= {"segments": number, "checkpoints": each, "times": [segment.time for segment in path]}

    def influence(opened: opening.Opened, damping: float) -> np.ndarray:
        return np.concatenate([
            source.influence(path, opened.x, opened.y, opened.vectors[part], damping, weights=run.point_weights)
            for part in opening.blocks(len(opened.vectors))
        ])  # fmt: skip

    return influence
