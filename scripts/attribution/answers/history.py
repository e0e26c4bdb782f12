"""What every job took, when, of which settings and code, from what jobs keep beside their logs and from benchmarks."""

import json
from pathlib import Path

import pandas as pd

from attribution.runtime import record

COLUMNS = [
    "finished", "rule", "job", "seconds", "peak_mb", "asked_minutes", "asked_mb", "threads", "settings", "commit",
]  # fmt: skip
BENCHMARKS, LOGS = "results/benchmarks", "results/logs"


def table(benchmarks: list[str]) -> pd.DataFrame:
    """A row a finished job, the oldest first.

    Args:
        benchmarks: results/benchmarks/RULE/JOB.tsv. A job has a row for each time that it ran; one that ran before jobs
            kept lines has its last run's, from the benchmark, without what it asked for.

    Returns:
        `finished` (UTC), `rule`, `job`, `seconds`, `peak_mb` (1e6 bytes), `asked_minutes`, `asked_mb`, `threads`,
        `settings` and `commit` (see `record`).
    """
    rows = []
    for path in map(Path, benchmarks):
        rule, job = path.parent.name, path.stem
        kept = record.path_of(f"{LOGS}/{rule}/{job}.log")
        lines = kept.read_text(encoding="utf-8").splitlines() if kept.is_file() else []
        rows += [{"rule": rule, "job": job} | found for found in map(json.loads, lines)]
        if not lines:
            rows.append({"rule": rule, "job": job} | of_benchmark(path))
    found = pd.DataFrame(rows, columns=COLUMNS).sort_values(["finished", "rule", "job"], ignore_index=True)
    found["finished"] = pd.to_datetime(found["finished"], unit="s").dt.strftime("%Y-%m-%d %H:%M:%S")
    for name in ("asked_mb", "asked_minutes", "threads"):
        found[name] = found[name].astype("Int64")
    return found


def of_benchmark(path: Path) -> dict:
    """What Snakemake measured of a job's last run: `finished`, `seconds`, and `peak_mb` where it was long enough."""
    measured = pd.read_csv(path, sep="\t", na_values=["-", "NA"]).iloc[-1]
    # Snakemake counts in 2^20 bytes
    peak = round(measured["max_rss"] * 2**20 / 1e6, 1)
    return {"finished": path.stat().st_mtime, "seconds": measured["s"], "peak_mb": peak}
