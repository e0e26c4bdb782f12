"""GPUs of this machine, and one of them for each job that runs here."""

import fcntl
import os
import re
import tempfile
import time
from collections.abc import MutableMapping
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"
_held = []  # locks last as long as the process


def visible(environment: MutableMapping = os.environ, folder: Path = Path("/dev")) -> list[str]:
    """Ids of the GPUs that this process may use: those of CUDA_VISIBLE_DEVICES, else all of the machine."""
    if VISIBLE in environment:
        return [name.strip() for name in environment[VISIBLE].split(",") if name.strip() not in ("", "-1")]
    names = [path.name.removeprefix("nvidia") for path in folder.glob("nvidia*")]
    return sorted((name for name in names if re.fullmatch(r"\d+", name)), key=int)


def take_one(environment: MutableMapping = os.environ, folder: Path = Path("/dev"), locks: Path | None = None) -> None:
    """Of several visible GPUs keep one that no other job of this machine has taken; wait while there is none.

    A cluster gives a job its own; then nothing is done. Call it before TensorFlow is imported.

    Args:
        locks: folder of the lock files, one a GPU; the kernel lets go of a dead process's.
    """
    found = visible(environment, folder)
    if len(found) < 2:
        return
    locks = Path(locks or tempfile.gettempdir())
    told = False
    while True:
        for name in found:
            file = open(locks / f"functioning-groups-{os.getuid()}-gpu-{name}.lock", "a")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            _held.append(file)
            environment[VISIBLE] = name
            return
        if not told:
            print(f"waiting for one of {len(found)} GPUs; lower the resource `gpu` of the profile", flush=True)
            told = True
        time.sleep(1)
