"""What each finished job took, a line beside its log: kept through runs, and read by the table of all jobs.

In `runtime`, and so an input of no rule: what a job took decides nothing.
"""

import hashlib
import json
import os
import resource
import sys
import time
from pathlib import Path

ENDING = ".jobs.jsonl"
PROJECT = Path(__file__).parents[3]


def path_of(log: str) -> Path:
    """Where the lines of a job are kept, from the path of its log."""
    return Path(log).with_suffix(ENDING)


def append(snakemake, begun: float) -> None:
    """Add a line for a job that is done: one JSON object, see `line`.

    Args:
        snakemake: the global of a job's script. begun: clock's time (s) when it began.

    A job whose line cannot be written is done nevertheless, and says so.
    """
    try:
        with open(path_of(snakemake.log[0]), "a", encoding="utf-8") as file:
            file.write(json.dumps(line(snakemake, begun)) + "\n")
    except OSError as error:
        print(f"what this job took is not kept: {error}", file=sys.stderr)


def line(snakemake, begun: float) -> dict:
    """`finished` (clock's time, s), `seconds`, `peak_mb` (1e6 bytes, of this process), `asked_mb`, `asked_minutes`,
    `threads`, `wildcards`, `settings` (see `digest`) and `commit` (see `commit`)."""
    # Linux counts in 1024 bytes, macOS in bytes
    unit = 1 if sys.platform == "darwin" else 1024
    now = time.time()
    return {
        "finished": round(now, 1),
        "seconds": round(now - begun, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1),
        "asked_mb": snakemake.resources.get("mem_mb"),
        "asked_minutes": snakemake.resources.get("runtime"),
        "threads": snakemake.threads,
        "wildcards": dict(snakemake.wildcards.items()),
        "settings": digest(dict(snakemake.params.items())),
        "commit": commit(PROJECT),
    }


def digest(params: dict) -> str:
    """First 12 digits of the SHA-256 of a rule's parameters, as result files have them in attribute `settings`."""
    chosen = {name: list(value) if isinstance(value, list) else value for name, value in params.items()}
    text = json.dumps({name: value for name, value in chosen.items() if name != "digests"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def commit(folder: Path) -> str | None:
    """First 12 digits of the commit that a clone stands at; None outside a clone. Edits on top of it are not told."""
    try:
        home = folder / ".git"
        if home.is_file():
            # of a worktree: the file names its folder
            home = folder / home.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
        head = (home / "HEAD").read_text(encoding="utf-8").strip()
        name = head.removeprefix("ref: ")
        if name == head:
            return head[:12]
        shared = home / "commondir"
        homes = [home, *([home / shared.read_text(encoding="utf-8").strip()] if shared.is_file() else [])]
        return next(filter(None, (_branch(place, name) for place in homes)), None)
    except OSError:
        return None


def _branch(home: Path, name: str) -> str | None:
    """The commit of a branch, whether it has a file of its own or stands among the packed ones."""
    if (home / name).is_file():
        return (home / name).read_text(encoding="utf-8").strip()[:12]
    packed = home / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if os.path.isfile(packed) else []
    return next((found[:12] for found in lines if found.endswith(f" {name}")), None)
