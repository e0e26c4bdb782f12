"""TracIn over checkpoints (Pruthi et al. 2020), of all layers."""

from collections.abc import Iterator

import numpy as np

from attribution.influence import margin_gradients, trak
from attribution.methods.run import Run
from attribution.networks import precision


class TracIn:
    """Inner products of gradients at several moments of the training, weighted by the learning rates between them.

    The training is cut into as many stretches of equal length as there are checkpoints, and each checkpoint, the end of
    its stretch, stands for all of it: TracInCP, with the sum of how far the stretch's steps reach over n (see
    `schedule.reaches`). For Adam those are the learning rates, as if it were plain descent. A training without steps
    has scores of 0.
    """

    family = "unrolled"
    needs = ("data",)
    settings = ("unrolled.checkpoints", "influence.batch_size")
    kernel = True

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n). Memory: `checkpoints` copies of the parameters, and a (t, n) kernel with its budget of gradients."""
        asked, of_asked = run.queried.x[targets], run.queried.labels[targets]
        labels, total = np.concatenate([run.labels, of_asked]), np.zeros((len(asked), len(run.labels)))
        of_points = point_weights(run, targets)
        for weight, model in checkpoints(run):
            x = precision.as_taken(model, np.concatenate([run.x, asked]))
            total += weight * scores(
                model, x, labels, len(run.labels), run.settings["influence.batch_size"], run.tested, of_points
            )
        return total

    def points(self, run: Run) -> np.ndarray:
        """(n,) what each point's own loss owes to it: squared lengths of its gradients, one pass a checkpoint."""
        total = np.zeros(len(run.labels))
        for weight, model in checkpoints(run):
            x = precision.as_taken(model, run.x)
            network = margin_gradients.network(model, x)
            squares, logits = trak.squares(network, x, run.labels, run.settings["influence.batch_size"])
            total += weight * squares * trak.uncertainty(logits, run.labels) ** 2
        return total if run.point_weights is None else total * run.point_weights**2


def checkpoints(run: Run) -> Iterator[tuple]:
    """Weight of each checkpoint, and the network there."""
    # imported here, as everything that loads TensorFlow for one method only
    from attribution.training import replay, schedule

    training, n = replay.of_recipe(run.recipe, run.x, run.labels, run.classes, run.seed), len(run.labels)
    numbers = schedule.ends(training.count, run.settings["unrolled.checkpoints"])
    weights = schedule.sums(schedule.reaches(run.recipe["training"], n), numbers) / n
    for weight, state in zip(weights, replay.at_steps(training, numbers), strict=True):
        replay.assign(training.model, state)
        yield weight, training.model


def point_weights(run: Run, targets: np.ndarray) -> np.ndarray | None:
    """(n + t,) weights in the objective of the training points and of targets among them, 1 for others; or None."""
    own = run.point_weights
    if own is None:
        return None
    return np.concatenate([own, np.ones(len(targets)) if run.tested else own[targets]])


def scores(
    model, x: np.ndarray, labels: np.ndarray, n: int, batch: int, margins: bool, weights: np.ndarray | None = None
) -> np.ndarray:
    """(t, n) inner products of gradients at the model's parameters, positive = helpful.

    The loss's gradient is minus (1 - p) times the margin's, so one kernel serves both.

    Args:
        x, labels: of n training points, then t targets. margins: of targets the margin is asked about, else the loss.
        weights: (n + t,) of their losses; None for 1.
    """
    network = margin_gradients.network(model, x)
    kernel, logits = trak.kernel(network, x, labels, n, batch, first=n)
    uncertain = trak.uncertainty(logits, labels)
    if weights is not None:
        uncertain *= weights
    found = kernel * uncertain[:n]
    return found if margins else found * uncertain[n:, None]
