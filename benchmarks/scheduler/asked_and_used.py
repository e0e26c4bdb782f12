"""What jobs ask for beside what they used, from the benchmark files of a finished study.

python benchmarks/scheduler/asked_and_used.py --results FOLDER/results [--configfile FILE] -- TARGET ...
"""

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from attribution.costs import requests as requirements

SNAKEMAKE_MB = requirements.SNAKEMAKE / requirements.MB


def asked(configfiles: list[str], targets: list[str], root: Path = ROOT) -> dict[str, tuple]:
    """Of every job of these targets, as the scheduler sees it: benchmark file -> (rule, mem_mb, minutes)."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "near-duplicates.csv").write_text("test_index,train_index\n")
        command = [str(Path(sys.executable).with_name("snakemake")), "--snakefile", str(root / "Snakefile")]
        command += ["--workflow-profile", "none", "-n", "--forceall", "--cores", "1", "--directory", folder]
        files = ["--configfile", *(str(root / name) for name in configfiles)] if configfiles else []
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [*command, *files, "--", *targets], capture_output=True, text=True, cwd=root, env=environment
        )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return dict(jobs(done.stdout + done.stderr))


def jobs(text: str):
    """(benchmark file, (rule, mem_mb, minutes)) of each job of a dry run."""
    for block in re.split(r"^(?:local)?rule ", text, flags=re.MULTILINE)[1:]:
        name = block.partition(":")[0]
        found = [re.search(rf"{key}", block) for key in (r"benchmark: (\S+)", r"mem_mb=(\d+)", r"runtime=(\d+)")]
        if all(found):
            file, memory, minutes = (match[1] for match in found)
            yield file, (name, int(memory), int(minutes))


def table(results: Path, requests: dict[str, tuple]) -> list[dict]:
    """One row a rule: the job that came nearest to its memory, and the longest one.

    Args:
        results: folder `results` of a study. requests: from `asked`.

    Returns:
        `rule`, `asked_mb`, `used_mb` (largest resident memory, with the two Snakemake processes of a cluster job),
        `asked_minutes`, `used_minutes`.
    """
    rows = {}
    for file, (rule, memory, minutes) in requests.items():
        path = results.parent / file
        if not path.exists():
            continue
        with open(path) as lines:
            measured = next(csv.DictReader(lines, delimiter="\t"))
        rss = 0.0 if measured["max_rss"] in ("-", "NA") else float(measured["max_rss"]) * 2**20 / 1e6
        row = {
            "rule": rule,
            "asked_mb": memory,
            "used_mb": rss + SNAKEMAKE_MB,
            "asked_minutes": minutes,
            "used_minutes": float(measured["s"]) / 60,
        }
        kept = rows.setdefault(rule, row)
        if row["used_mb"] / memory > kept["used_mb"] / kept["asked_mb"]:
            kept |= {key: row[key] for key in ("asked_mb", "used_mb")}
        if row["used_minutes"] / minutes > kept["used_minutes"] / kept["asked_minutes"]:
            kept |= {key: row[key] for key in ("asked_minutes", "used_minutes")}
    return list(rows.values())


def wrong(rows: list[dict]) -> list[dict]:
    """Rows that asked for less than was used, or for more than 4 times that and more than every job may have."""
    least = {"mb": requirements.LEAST_MB, "minutes": requirements.LEAST_MINUTES + 1}
    return [
        row
        for row in rows
        if any(
            not row[f"used_{key}"] <= row[f"asked_{key}"] <= max(4 * row[f"used_{key}"], floor)
            for key, floor in least.items()
        )
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--configfile", nargs="*", default=[])
    parser.add_argument("targets", nargs="+")
    options = parser.parse_args()
    found = table(options.results, asked(options.configfile, options.targets))
    print("| rule | MB asked | MB used | minutes asked | minutes used |\n| --- | --- | --- | --- | --- |")
    for row in found:
        print(
            f"| `{row['rule']}` | {row['asked_mb']} | {row['used_mb']:.0f} | {row['asked_minutes']} "
            f"| {row['used_minutes']:.2f} |"
        )
    if wrong(found):
        sys.exit(f"asked too little or too much: {', '.join(row['rule'] for row in wrong(found))}")
