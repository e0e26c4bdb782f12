"""A copy of the project in a folder, and Snakemake in it."""

import shutil
import subprocess
import sys
from pathlib import Path

from helpers import ROOT

SNAKEMAKE = [str(Path(sys.executable).with_name("snakemake")), "--configfile", "config/tiny.yaml", "--cores", "2"]


PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "report")


def copy_of_project(folder: Path) -> Path:
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    return folder


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run([*SNAKEMAKE, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
