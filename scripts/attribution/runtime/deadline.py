"""A job's own clock: stop in time, at a point from which the next attempt goes on, before the cluster kills it."""

import os
import time
from collections.abc import Mapping

SPARE, SPARE_SHARE = 120.0, 0.2  # seconds kept for writing and for the start before the script's own, or that share


class OutOfTime(RuntimeError):
    """The job's minutes do not suffice for the next step."""


def of_job(minutes: float | None, environment: Mapping = os.environ) -> float | None:
    """When this job must have ended, on the clock of `time.monotonic`; None where nobody ends it.

    Args:
        minutes: that the job asked for, `resources.runtime`. environment: only a SLURM job has a limit.
    """
    if "SLURM_JOB_ID" not in environment or not minutes:
        return None
    limit = 60.0 * float(minutes)
    return time.monotonic() + limit - min(SPARE, SPARE_SHARE * limit)


def require(deadline: float | None, seconds: float, label: str, done: str) -> None:
    """Raise OutOfTime when less than `seconds` are left.

    Args:
        deadline: from `of_job`. seconds: the next step takes. label: names the job. done: what is kept.
    """
    if deadline is None:
        return
    left = deadline - time.monotonic()
    if left < seconds:
        raise OutOfTime(
            f"{label}: the job's time is almost up ({max(0.0, left):.0f} s left, an epoch takes {seconds:.0f} s); "
            f"{done}, and the next attempt, with more minutes, goes on from there"
        )
