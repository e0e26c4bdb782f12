"""SLURM jobs that each target submits through profiles/slurm, counted in dry runs in an empty folder.

python benchmarks/scheduler/count_jobs.py      (needs `make slurm`)
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from attribution.workflow import targets

TARGETS = tuple(targets.settings_of(ROOT / "config")["targets"])


def count(target: str, root: Path = ROOT) -> tuple[int, int]:
    """Jobs of the workflow, and jobs submitted, of a target."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "near-duplicates.csv").write_text("test_index,train_index\n")
        command = [str(Path(sys.executable).with_name("snakemake")), "--snakefile", str(root / "Snakefile"), "-n"]
        command += ["--workflow-profile", "none", "--profile", str(root / "profiles/slurm"), "--directory", folder]
        command += ["--", target]
        done = subprocess.run(command, capture_output=True, text=True)
    text = done.stdout + done.stderr
    if done.returncode:
        raise RuntimeError(text)
    total = int(re.search(r"^total +(\d+)$", text, re.MULTILINE)[1])
    # a group's rules are indented, and a rule on this machine is a localrule
    return total, len(re.findall(r"^(?:rule \w+:|\[.*\] Group job )", text, re.MULTILINE))


if __name__ == "__main__":
    print("| target | jobs of the workflow | jobs submitted |\n| --- | --- | --- |")
    for name in TARGETS:
        total, submitted = count(name)
        print(f"| `{name}` | {total} | {submitted} |", flush=True)
