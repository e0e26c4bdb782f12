"""Files that appear under their name only when they are complete."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path) -> Iterator[Path]:
    """Give a temporary path beside `path`; flush it to disk and rename it when the block ends without an error.

    A kill at any moment leaves either the old file or the new one. The folder is created. Temporary files of the same
    result that killed processes left are removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_stale(path)
    temporary = path.with_name(f"{_prefix(path)}{os.getpid()}.tmp")
    try:
        yield temporary
        with open(temporary, "rb") as done:
            os.fsync(done.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_stale(path: Path) -> None:
    """Remove temporary files of a result whose process, on this machine, runs no more."""
    prefix = _prefix(path)
    for left in path.parent.iterdir():
        number = left.name.removeprefix(prefix).removesuffix(".tmp")
        if left.name == f"{prefix}{number}.tmp" and number.isdecimal() and not _running(int(number)):
            left.unlink(missing_ok=True)


def _prefix(path: Path) -> str:
    # with the machine's name: on a shared disk the same number may be a living process of another machine
    return f".{path.name}.{socket.gethostname()}."


def _running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user
        return True
    return True
