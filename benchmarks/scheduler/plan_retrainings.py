"""Snakemake's view of very many retrainings: a dry run of datamodels with so many subsets, its time and memory.

python benchmarks/scheduler/plan_retrainings.py [--subsets 300000] [--shard 1000]
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def plan(subsets: int, shard: int, root: Path = ROOT) -> dict:
    """Dry run of target toy_datamodels in an empty folder.

    Args:
        subsets: networks to retrain. shard: of them, a job.

    Returns:
        `jobs` of retraining; `seconds`; `megabytes`, the dry run's largest resident memory.
    """
    shards = [shard] * (subsets // shard) + ([subsets % shard] if subsets % shard else [])
    with tempfile.TemporaryDirectory() as folder:
        chosen = f"alphas: [0.5], shards: {shards}, held_out: 100, small: [100], full: [{subsets}]"
        Path(folder, "many.yaml").write_text(f"datamodels: {{{chosen}}}\n")
        command = [str(Path(sys.executable).with_name("snakemake")), "--snakefile", str(root / "Snakefile"), "-n"]
        command += ["--quiet", "rules", "--workflow-profile", "none", "--cores", "1", "--directory", folder]
        command += ["--configfile", str(Path(folder, "many.yaml")), "--", "toy_datamodels"]
        with open(Path(folder, "log"), "w+") as log:
            start = time.monotonic()
            going = subprocess.Popen(command, stdout=log, stderr=log)
            _, status, used = os.wait4(going.pid, 0)
            seconds = time.monotonic() - start
            log.seek(0)
            text = log.read()
    if status:
        raise RuntimeError(text)
    jobs = int(re.search(r"^retrain_subsets +(\d+)$", text, re.MULTILINE)[1])
    return {"jobs": jobs, "seconds": seconds, "megabytes": used.ru_maxrss * 1024 / 1e6}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subsets", type=int, default=300_000)
    parser.add_argument("--shard", type=int, default=1000)
    options = parser.parse_args()
    found = plan(options.subsets, options.shard)
    print(
        f"{options.subsets} retrainings in {found['jobs']} jobs: {found['seconds']:.1f} s, {found['megabytes']:.0f} MB"
    )
