"""Why a file cannot be read, in one sentence: what the operating system has against it. Standard library only."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from attribution.files import kinds as file_kinds

AWAY = {
    getattr(errno, name)
    for name in ("EIO", "ESTALE", "ENODEV", "ENXIO", "ENOTCONN", "EHOSTDOWN", "EHOSTUNREACH", "ETIMEDOUT", "EREMOTEIO",
                 "ENOMEDIUM", "ESHUTDOWN")
    if hasattr(errno, name)
}  # fmt: skip
LOCKED = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK}
# No locks at all here, which says nothing about the file
WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}


def sentence(path, error: OSError) -> str | None:
    """What to say about an error of the operating system; None where the error is about the file's content."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
        return absent(path)
    if error.errno in LOCKED:
        return (
            f"{path} is open for writing in another program (perhaps a notebook), which holds a lock on it; close it "
            "there and run again, nothing is wrong with the file"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{path} may not be read by this user: no permission for {_closed(path)}; give it (chmod), run again"
    if error.errno == errno.EISDIR:
        return f"{path} is a folder; give the path of a file"
    if error.errno in AWAY:
        return (
            f"{path} cannot be reached, its disk or share does not answer ({os.strerror(error.errno)}); mount it again "
            "and run again"
        )
    if error.errno:
        return f"{path} cannot be read ({os.strerror(error.errno)}); the operating system says so, not the file"
    return None


def absent(path) -> str:
    """Where the way to a file that does not exist ends: at a link, at a folder, or at the file."""
    place = os.path.abspath(path)
    while (above := os.path.dirname(place)) != place and not os.path.exists(above):
        place = above
    name = path if place == os.path.abspath(path) else f"{path} does not exist: {place}"
    if os.path.islink(place):
        return (
            f"{name} is a link to '{os.readlink(place)}', which leads nowhere; mount the disk it is on, or put the "
            "file itself here"
        )
    if place != os.path.abspath(path):
        return f"{path} does not exist, nor does the folder {place}; mount its disk, or correct the path"
    return f"{path} does not exist; correct the path, relative to {os.getcwd()}"


def _closed(path) -> str:
    """The first of the folders above a file that may not be entered, else the file."""
    place, closed = os.path.abspath(path), f"the file {path}"
    while (above := os.path.dirname(place)) != place:
        place = above
        if os.path.isdir(place) and not os.access(place, os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            closed = f"the folder {place}"
    return closed


@contextmanager
def explained(path) -> Iterator[None]:
    """Turn errors of the operating system in the block, about `path`, into a ValueError of one sentence."""
    try:
        yield
    except OSError as error:
        said = sentence(path, error)
        if said is None:
            raise
        raise ValueError(said) from None


def require(path) -> None:
    """Check that a file can be opened and holds something, before a library that would call it damaged reads it.

    Raises:
        ValueError: one sentence, when it cannot be read, or is empty, a Git LFS pointer or a web page.
    """
    with explained(path):
        kind = file_kinds.of(path)
    if kind and kind.startswith(("an empty file", "a Git LFS", "a web page")):
        raise ValueError(f"{path} is {kind}; copy or fetch the file again")
