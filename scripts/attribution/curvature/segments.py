"""Segments of a training: at which steps its checkpoints are taken, and how far each segment's steps go."""

import numpy as np

from attribution.curvature import metric
from attribution.curvature.network import Network, at
from attribution.curvature.source import Segment
from attribution.training.schedule import BETA_2, EPSILON, learning_rate
from attribution.training.train import warmed_up


def rates(training: dict, n: int) -> np.ndarray:
    """(T,) sizes of the steps of a recipe's training; divided by 1 - momentum for sgd.

    Args:
        training: a recipe's `training`. n: training points.
    """
    batches = -(-n // min(training["batch_size"], n))
    epochs = [learning_rate(training, epoch) for epoch in range(training["epochs"])]
    steps = np.repeat(epochs, batches)
    if training.get("warmup"):
        steps = steps * [warmed_up(training, step, batches) for step in range(len(steps))]
    if training["optimizer"] == "sgd":
        steps = steps / (1 - float(training["momentum"] or 0.0))
    return steps


def places(total: int, segments: int, checkpoints: int) -> list[list[int]]:
    """Steps after which parameters are taken, for every segment: equal spans, the last checkpoint at a span's end.

    Raises:
        ValueError: when there are fewer steps than checkpoints.
    """
    if segments * checkpoints > total:
        raise ValueError(
            f"curvature.source asks for {segments} segments of {checkpoints} checkpoints, but the training has {total} "
            "steps; ask for fewer"
        )
    ends = np.round(np.arange(1, segments * checkpoints + 1) * total / (segments * checkpoints)).astype(int)
    return ends.reshape(segments, checkpoints).tolist()


def of_training(
    network: Network, x: np.ndarray, y: np.ndarray, training: dict, weights: dict, segments: int, checkpoints: int
) -> list[Segment]:
    """Segments of a recipe's training.

    Args:
        training: a recipe's `training`. weights: step -> parameters, for the steps of `places`. segments, checkpoints:
            their number, and how many each has.
    """
    steps = rates(training, len(x))
    spans = places(len(steps), segments, checkpoints)
    ends = [0, *(span[-1] for span in spans)]
    flat = [step for span in spans for step in span]
    scales = [metric.plain(network)] * segments
    if training["optimizer"] == "adam":
        moments = [metric.batch_moments(at(network, weights[step]), x, y, training["batch_size"]) for step in flat]
        running = np.array(metric.running(moments, flat, BETA_2)).reshape(segments, checkpoints, -1)
        scales = [metric.of_moments(network, own.mean(axis=0), EPSILON) for own in running]
    return [
        Segment([weights[step] for step in span], float(steps[start:stop].sum()), scale)
        for span, start, stop, scale in zip(spans, ends[:-1], ends[1:], scales, strict=True)
    ]
