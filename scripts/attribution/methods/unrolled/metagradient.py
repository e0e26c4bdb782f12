"""Exact derivatives of margins after training in the weights of the training points."""

from pathlib import Path

import numpy as np

from attribution.methods.run import Run


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


def through(run: Run, targets: np.ndarray, beta: float) -> np.ndarray:
    """(t, n) metagradient, with what is said of it in the facts of the run."""
    found, growth = derivative(run, targets, beta, run.work)
    run.facts |= told(growth, beta)
    return found


def told(growth: np.ndarray, beta: float) -> dict:
    """Facts of a run: growth (t,) of the targets' cotangents, their median, and the softplus' beta."""
    return {"growth": float(np.median(growth)), "beta": beta}


def replayed(run: Run, beta: float):
    """The run's training; beta as in `replay.of_recipe`."""
    # imported here, as everything that loads TensorFlow for one method only
    from attribution.training import replay

    return replay.of_recipe(run.recipe, run.x, run.labels, run.classes, run.seed, beta=beta)


def walked(run: Run, beta: float) -> tuple:
    """The run's training, and states that it passes; beta as in `replay.of_recipe`."""
    from attribution.training import metagradient

    training = replayed(run, beta)
    return training, metagradient.states_kept(training)


def derivative(
    run: Run, targets: np.ndarray, beta: float, work: Path | None, path: tuple | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Metagradient (t, n) and growth (t,), see `training.metagradient`.

    Args:
        beta: as in `replay.of_recipe`. work: folder of unfinished work, or None. path: of `walked` with this beta,
            so that the training is not run forwards again.
    """
    training, kept = path or walked(run, beta)
    return at_weights(run, training, targets, None, work, f"metagradient, beta {beta:g}", kept)


def at_weights(
    run: Run, training, targets: np.ndarray, weights: np.ndarray | None, work: Path | None, label: str,
    kept: list | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The same of a `replayed` training, at weights (n,) of the training points; None for all in.

    Args:
        label: names the work in messages. kept: states that the training passes with these weights, where known.
    """
    from attribution.training import metagradient

    return metagradient.metagradient(
        training, run.queried.x[targets], lambda logits: -run.slopes(logits, targets), label, work, kept=kept,
        weights=weights,
    )  # fmt: skip
