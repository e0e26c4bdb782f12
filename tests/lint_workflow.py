"""Run `snakemake --lint` and accept one finding by name: a conda environment for each rule."""

import re
import subprocess
import sys
from pathlib import Path

ACCEPTED = "Specify a conda environment or container for each rule."

command = [str(Path(sys.executable).with_name("snakemake")), "--lint"]
found = subprocess.run(command, capture_output=True, text=True).stderr
findings = [line.strip() for line in found.splitlines() if re.match(r"^\s+\* ", line)]
refused = [line for line in findings if ACCEPTED not in line]
print(found if refused or "Error" in found else f"snakemake --lint: accepted {len(findings)} times '{ACCEPTED}'")
sys.exit(bool(refused or "Error" in found))
