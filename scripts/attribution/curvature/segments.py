"""Segments of a training: at which steps its checkpoints are taken, and their states."""

import numpy as np

from attribution.curvature.network import flat
from attribution.curvature.source import Segment
from attribution.training import replay as replays
from attribution.training import schedule


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
    return np.reshape(schedule.ends(total, segments * checkpoints), (segments, checkpoints)).tolist()


def of_replay(replay: replays.Replay, training: dict, segments: int, checkpoints: int) -> list[Segment]:
    """Segments of a training that is run again.

    Args:
        replay: the training. training: the recipe's `training`.
        segments, checkpoints: their number, and how many each has.

    For Adam v is the mean over a segment's checkpoints of the optimiser's second moments, bias corrected. A training
    without steps has no segments: it learned nothing from any point.
    """
    if not replay.count:
        return []
    spans = places(replay.count, segments, checkpoints)
    times = schedule.sums(schedule.reaches(training, replay.n), [span[-1] for span in spans])
    states = iter(replays.at_steps(replay, [step for span in spans for step in span]))
    result = []
    for span, time in zip(spans, times, strict=True):
        here = [next(states) for _ in span]
        moments = None
        if training["optimizer"] == "adam":
            moments = np.mean([flat(state.second) / (1 - schedule.BETA_2**state.steps) for state in here], axis=0)
        weights = [[array.numpy() for array in state.theta] for state in here]
        result.append(Segment(weights, float(time), moments, schedule.epsilon(training)))
    return result
