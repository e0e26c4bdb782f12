"""Exact derivatives of margins after training, of the training without kinks."""

from pathlib import Path

import numpy as np

from attribution.methods.run import Run
from attribution.methods.unrolled import metagradient

TRIED = 8  # targets that tell whether derivatives grow


class MetagradientSmooth:
    """`metagradient` of a training with softplus in the place of ReLU, see `networks.smooth`.

    Where a training is chaotic derivatives grow without bound on their way back to its start and say nothing of points
    that leave. Of the settings' betas the first counts with which they do not grow, else the last: the sharpest kink at
    which the derivative still means something. That needs no retraining. The first TRIED targets asked decide, so those
    of one call have one beta, and another choice or order of targets may have another.
    """

    family = "unrolled"
    needs = ("data",)
    settings = ("unrolled.betas",)
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), positive = helpful; of a training target minus the derivative of its loss."""
        found, growth, beta = smoothed(run, targets, run.work)
        run.facts |= metagradient.told(growth, beta)
        return found

    def points(self, run: Run) -> np.ndarray:
        """(n,) what each point's own loss after training owes to it; costs as many targets as there are points."""
        return np.diag(self.pairs(run, np.arange(len(run.labels)))).copy()


def smoothed(run: Run, targets: np.ndarray, work: Path | None) -> tuple[np.ndarray, np.ndarray, float]:
    """Metagradient (t, n), growth (t,), and beta: the first of the settings' with which the cotangents of some targets
    do not grow, else the last; 0 of a network without kinks, which is smooth as it is.

    Each beta's training is run forwards once, and what was tried with the beta that counts is part of the answer.

    Args:
        work: folder of unfinished work, or None.
    """
    from attribution.networks import build, smooth

    model = build.build(run.recipe, run.x.shape[1:], run.classes, run.seed, run.x[:TRIED])
    if not smooth.kinked(model):
        return *metagradient.derivative(run, targets, 0.0, work), 0.0
    *betas, last = run.settings["unrolled.betas"]
    for beta in betas:
        path = metagradient.walked(run, beta)
        first = metagradient.derivative(run, targets[:TRIED], beta, part(work, f"tried-{beta:g}"), path)
        grown = np.median(first[1])
        print(f"with beta {beta:g} cotangents grow by {grown:.3g} over the training", flush=True)
        if grown > 1:
            continue
        if len(targets) <= TRIED:
            return *first, beta
        rest = metagradient.derivative(run, targets[TRIED:], beta, part(work, f"rest-{beta:g}"), path)
        return *(np.concatenate(parts) for parts in zip(first, rest, strict=True)), beta
    return *metagradient.derivative(run, targets, last, part(work, f"last-{last:g}")), last


def part(work: Path | None, name: str) -> Path | None:
    """Folder of one step of unfinished work."""
    return work and work / name
