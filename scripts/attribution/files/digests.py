"""Digests of files, remembered while a file stays the same: a large one is read once, not at every start."""

import contextlib
import hashlib
import json
import os
import sys
import time
from pathlib import Path

from attribution.files import atomic

SMALL = 1_000_000  # bytes; up to here a file is read each time, which takes no longer than to remember it
LARGE = 1_000_000_000  # bytes; from here reading takes so long that a line says what is going on
# Seconds after a change from which another one gets another date on any file system; a file that was read earlier
# could be changed once more under the date that was seen.
SETTLED = 2.0


def of_file(path, memory, kind: str = "sha256") -> str:
    """Hexadecimal digest of a file's content.

    Args:
        path: of the file; its date alone never decides. memory: JSON file with the digests of earlier calls; it is made
            where it does not exist, and one that cannot be read or written is done without.
        kind: sha256 or md5.

    Raises:
        OSError: when the file cannot be read.
    """
    with open(path, "rb") as file:
        facts = _facts(file)
        if facts["size"] <= SMALL:
            return _read(file, kind)
        key = f"{kind}:{os.path.abspath(path)}"
        known = _load(memory).get(key)
        if isinstance(known, dict) and known == facts | {"digest": known.get("digest")} and _hex(known["digest"]):
            return known["digest"]
        if facts["size"] >= LARGE:
            print(
                f"Reading {path} ({facts['size'] / 1e9:.1f} GB), new or changed, for its digest",
                file=sys.stderr,
                flush=True,
            )
        settled = time.time() - facts["ctime_ns"] / 1e9 >= SETTLED
        digest = _read(file, kind)
        if settled:
            # with the facts from before: a file that has changed meanwhile has others by now
            _keep(memory, key, facts | {"digest": digest})
        return digest


def another(path, kind: str, found: str, expected: str) -> str:
    """The sentence about a file that has another digest than a data set's setting."""
    return (
        f"{path} has {kind} {found}, expected {expected}: it is damaged, incomplete or another file; "
        "replace it, or correct the data set's digest"
    )


def _facts(file) -> dict:
    """What cannot all stay when an open file's content changes: no program can put `ctime_ns` back.

    Not the device: a network disk has another number on each machine.
    """
    found = os.fstat(file.fileno())
    return {"size": found.st_size, "mtime_ns": found.st_mtime_ns, "ctime_ns": found.st_ctime_ns, "inode": found.st_ino}


def _read(file, kind: str) -> str:
    return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


def _hex(text) -> bool:
    return isinstance(text, str) and len(text) in (32, 64) and set(text) <= set("0123456789abcdef")


def _load(memory) -> dict:
    """What is remembered; nothing where the file is absent or damaged."""
    try:
        found = json.loads(Path(memory).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(memory, key: str, entry: dict) -> None:
    """Add an entry, and leave out files that are gone. Of two processes that write at once one loses its entry."""
    entries = _load(memory) | {key: entry}
    entries = {name: known for name, known in entries.items() if os.path.exists(name.partition(":")[2])}
    with contextlib.suppress(OSError), atomic.replacing(memory) as temporary:
        temporary.write_text(json.dumps(entries, indent=1))
