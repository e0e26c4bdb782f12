"""Fetch a file over HTTP: resumed after an interruption, and under its name only once its digest is right."""

import hashlib
import math
import os
import re
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

from attribution.files import digests, unreadable
from attribution.runtime import log

CHUNK = 1 << 20  # bytes
TIMEOUT = 60.0  # seconds without a byte after which a connection counts as lost
ATTEMPTS = 5  # connections in a row that bring nothing


def file_digest(path, kind: str) -> str:
    """Hexadecimal digest of a file; `kind` is md5 or sha256."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


def verify(path, digest: str) -> None:
    """Check a file against "md5:..." or "sha256:...".

    Raises:
        ValueError: one sentence with the digest found and the one expected, or why the file cannot be read.
    """
    kind, _, expected = digest.partition(":")
    with unreadable.explained(path):
        found = file_digest(path, kind)
    if found != expected:
        raise ValueError(digests.another(path, kind, found, expected))


def fetch(address: str, path, digest: str, wait: float = 1.0) -> None:
    """Download `address` to `path`; what a killed or broken download left beside it is gone on with.

    The server must know byte ranges for that; with any other the download starts over.

    Args:
        address: http or https. path: the file; its folder is created. digest: see `verify`.
        wait: seconds before the second connection, doubled each time.

    Raises:
        ValueError: when what the server gave has another digest; it is removed.
        ConnectionError: when the server refuses, or cannot be reached; what arrived is kept.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    failures = 0
    while True:
        before = _size(part)
        try:
            _receive(address, part)
            break
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise ConnectionError(
                    _unreachable(address, f"the server answers {error.code} {error.reason}")
                ) from None
            reason = error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
        failures = 0 if _size(part) > before else failures + 1
        if failures == ATTEMPTS:
            raise ConnectionError(_unreachable(address, f"{reason}; {_size(part)} bytes arrived and are kept"))
        time.sleep(wait * 2 ** max(failures - 1, 0))
    try:
        verify(part, digest)
    except ValueError:
        kind, _, expected = digest.partition(":")
        found, size = file_digest(part, kind), _size(part)
        part.unlink()
        raise ValueError(
            f"{address} gave {size} bytes of {kind} {found}, expected {expected}: they are damaged or another file and "
            "were removed; run again, or correct the data set's archive and digest"
        ) from None
    with open(part, "rb") as file:
        os.fsync(file.fileno())
    os.replace(part, path)


def _receive(address: str, part: Path) -> None:
    """Append what is missing of `address` to `part`; OSError when the connection ends too early."""
    have = _size(part)
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is left to send; the digest decides whether the part is the file
            return
        raise
    with response:
        span = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        resumed = response.status == 206 and span is not None and int(span[1]) == have
        length = response.headers.get("Content-Length")
        chunks = iter(lambda: response.read(CHUNK), b"")
        total = math.ceil(int(length) / CHUNK) if length else None
        received = 0
        # unbuffered, so that a kill loses only the chunk on its way
        with open(part, "ab" if resumed else "wb", buffering=0) as file:
            for chunk in log.progress(chunks, f"download of {part.name[1:-5]}, MiB", total):
                file.write(chunk)
                received += len(chunk)
        if length and received < int(length):
            raise OSError(f"the connection ended after {received} of {length} bytes")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _unreachable(address: str, reason: str) -> str:
    return (
        f"{address} could not be downloaded: {reason}; run again to go on, or fetch the file by other means and give "
        "its path and digest as the data set's archive and digest"
    )
