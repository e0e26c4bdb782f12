"""history.csv: what every job took, when, of which settings and which commit."""

from attribution.runtime import job

job.begin()

from attribution.answers import history
from attribution.files import atomic


def gather_history(benchmarks: list[str], path: str) -> None:
    """Write history.csv, see `history.table`.

    Args:
        benchmarks: of all jobs, whose logs lie as they do.
    """
    found = history.table([benchmarks] if isinstance(benchmarks, str) else benchmarks)
    with atomic.replacing(path) as temporary:
        found.to_csv(temporary, index=False)


job.run(gather_history)
