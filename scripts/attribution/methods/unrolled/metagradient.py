"""Exact derivatives of margins after training in the weights of the training points."""

import numpy as np

from attribution.methods.run import Run

TRIED = 8  # targets that tell whether derivatives grow


class Metagradient:
    """Derivative of the target's margin in each training point's weight, through the whole training (Ilyas and
    Engstrom 2025, arXiv 2504.16430)."""

    family = "unrolled"
    needs = ("data",)
    settings = ()
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), positive = helpful; of a training target minus the derivative of its loss."""
        return through(run, targets, 0.0)

    def points(self, run: Run) -> np.ndarray:
        """(n,) what each point's own loss after training owes to it; costs as many targets as there are points."""
        return np.diag(self.pairs(run, np.arange(len(run.labels)))).copy()


class Smooth(Metagradient):
    """The same of a training with softplus in the place of ReLU, see `networks.smooth`.

    Where a training is chaotic derivatives grow without bound on their way back to its start and say nothing of points
    that leave. Of the settings' betas the first counts with which they do not grow, else the last: the sharpest kink at
    which the derivative still means something. That needs no retraining.
    """

    settings = ("unrolled.betas",)

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), positive = helpful."""
        return through(run, targets, chosen_beta(run, targets))


def chosen_beta(run: Run, targets: np.ndarray) -> float:
    """The first of the settings' betas with which cotangents of some targets do not grow, else the last.

    A network without kinks is smooth as it is: 0.
    """
    from attribution.networks import build, smooth

    model = build.build(run.recipe, run.x.shape[1:], run.classes, run.seed, run.x[:TRIED])
    if not smooth.kinked(model):
        return 0.0
    *betas, last = run.settings["unrolled.betas"]
    for beta in betas:
        _, growth = derivative(run, targets[:TRIED], beta, None)
        print(f"with beta {beta:g} cotangents grow by {np.median(growth):.3g} over the training", flush=True)
        if np.median(growth) <= 1:
            return beta
    return last


def through(run: Run, targets: np.ndarray, beta: float) -> np.ndarray:
    """(t, n) metagradient, with what is said of it in the facts of the run."""
    found, growth = derivative(run, targets, beta, run.work)
    run.facts |= {"growth": float(np.median(growth)), "beta": beta}
    return found


def derivative(run: Run, targets: np.ndarray, beta: float, work) -> tuple[np.ndarray, np.ndarray]:
    """Metagradient (t, n) and growth (t,), see `training.metagradient`; beta as in `replay.of_recipe`."""
    from attribution.training import metagradient, replay

    training = replay.of_recipe(run.recipe, run.x, run.labels, run.classes, run.seed, beta=beta)
    return metagradient.metagradient(
        training, run.queried.x[targets], lambda logits: -run.slopes(logits, targets),
        f"metagradient, beta {beta:g}", work,
    )  # fmt: skip
