"""Work done in shards that survive a kill: a hidden folder beside the result, keyed by what the work depends on."""

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from attribution.files import provenance


def digest(settings: dict, files: Iterable) -> str:
    """16 hexadecimal digits that change with any setting or any byte of the files.

    Args:
        settings: of str, number, bool, list and dict only.
        files: paths of inputs and source files; their order and names do not matter. They are read in blocks.
    """
    sums = []
    for path in files:
        with open(path, "rb") as file:
            sums.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashlib.sha256(json.dumps([settings, sorted(sums)], sort_keys=True).encode()).hexdigest()[:16]


def of_job(params: dict, inputs: Iterable) -> str:
    """The digest for a job: of its settings, its input files and its code among them."""
    return digest(provenance.settings(params), inputs)


def shards(path, key: str) -> Path:
    """Folder for the shards of the result `path` with that digest; made where it does not exist."""
    path = Path(path)
    folder = path.with_name(f".{path.stem}-{key}")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def discard(path) -> None:
    """Remove every shard folder of a result, also those of other settings."""
    path = Path(path)
    for folder in path.parent.glob(f".{path.stem}-*"):
        shutil.rmtree(folder)
