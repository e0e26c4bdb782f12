"""Segments of a training: at which steps its checkpoints are taken, and how far each segment's steps go."""

import numpy as np

from attribution.curvature.network import flat
from attribution.curvature.source import Segment
from attribution.training import replay as replays
from attribution.training import schedule
from attribution.training.train import step_rate


def rates(training: dict, n: int) -> np.ndarray:
    """(T,) sizes of the steps of a recipe's training; divided by 1 - momentum for sgd.

    Args:
        training: a recipe's `training`. n: training points.
    """
    batches = -(-n // min(training["batch_size"], n))
    steps = np.array([step_rate(training, step, batches) for step in range(training["epochs"] * batches)])
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


def of_replay(replay: replays.Replay, training: dict, segments: int, checkpoints: int) -> list[Segment]:
    """Segments of a training that is run again.

    Args:
        replay: the training. training: the recipe's `training`.
        segments, checkpoints: their number, and how many each has.

    For Adam v is the mean over a segment's checkpoints of the optimiser's second moments, bias corrected.
    """
    steps = rates(training, replay.n)
    spans = places(len(steps), segments, checkpoints)
    states = iter(replays.at_steps(replay, [step for span in spans for step in span]))
    result, start = [], 0
    for span in spans:
        here = [next(states) for _ in span]
        moments = None
        if training["optimizer"] == "adam":
            moments = np.mean([flat(state.second) / (1 - schedule.BETA_2**state.steps) for state in here], axis=0)
        weights = [[array.numpy() for array in state.theta] for state in here]
        result.append(Segment(weights, float(steps[start : span[-1]].sum()), moments, schedule.epsilon(training)))
        start = span[-1]
    return result
