"""Open HDF5 files, and say in one sentence why one cannot be opened or an array not be read."""

import os
import re

import h5py

from attribution.files import kinds as file_kinds
from attribution.files import unreadable

AGAIN = "copy or write it again"


def open_file(path, again: str = AGAIN, instead: str = "store its arrays as HDF5, or change loader") -> h5py.File:
    """An HDF5 file for reading. On a file system without locks it is read without.

    Args:
        again: what to do with a damaged file. instead: what to do with one of another kind.

    Raises:
        ValueError: one sentence, with what the system or the file has against it.
    """
    try:
        return h5py.File(path, "r")
    except OSError as error:
        first = error
    if first.errno in unreadable.WITHOUT_LOCKS and "lock" in str(first):
        try:
            return h5py.File(path, "r", locking=False)
        except OSError as error:
            first = error
    raise ValueError(unreadable.sentence(path, first) or _content(path, str(first), again, instead)) from None


def _content(path, said: str, again: str, instead: str) -> str:
    """The sentence for HDF5's own message about a file that can be read."""
    with unreadable.explained(path):
        kind = file_kinds.of(path)
    size = re.search(r"truncated file: eof = (\d+).*stored_eof = (\d+)", said)
    if "already open for write" in said or "already open for SWMR" in said or "consistency flags" in said:
        return (
            f"{path} was never closed by the program that wrote it: close it there; if that program has died, check "
            f"its arrays after `h5clear -s {path}`, or {again}"
        )
    if size:
        return f"{path} is cut off: it has {size[1]} bytes of {size[2]}; {again}"
    if kind is not None and kind != file_kinds.HDF5:
        return f"{path} is no HDF5 file but {kind}; {again if kind.startswith('an empty') else instead}"
    if kind is None:
        return f"{path} is no HDF5 file, or its start is damaged; {again}, or change loader"
    if is_newer(said):
        return f"{path} {newer(said)}"
    return f"{path} is damaged ({one_line(said)}); {again}"


def is_newer(said: str) -> bool:
    """Whether HDF5's message is about a version number that it does not know."""
    return re.search(r"(bad|unknown|unsupported|wrong|incorrect) .*version", said) is not None


def newer(said: str) -> str:
    """What to say of a file or an array whose version number is unknown."""
    return (
        f"is of a newer HDF5 format than HDF5 {h5py.version.hdf5_version} here reads ({one_line(said)}); update h5py, "
        "or store it for older versions (h5py.File(..., libver='v110'))"
    )


def one_line(said: str) -> str:
    """HDF5's message without its preface and line breaks."""
    inner = re.search(r"\((.*)\)", " ".join(said.split()))
    return inner[1] if inner else " ".join(said.split())


def candidates(path, name: str, variable: str) -> list[str]:
    """Where HDF5 looks for a file that an HDF5 file names: of absolute names the name, then beside the file.

    Args:
        path: the file that names it. variable: environment variable with further folders.
    """
    beside = [os.path.dirname(os.path.abspath(path)), os.path.dirname(os.path.realpath(path))]
    folders = [*filter(None, os.environ.get(variable, "").split(os.pathsep)), *beside]
    if os.path.isabs(name):
        return [name, *(os.path.join(folder, os.path.basename(name)) for folder in folders)]
    return [*(os.path.join(folder, name) for folder in folders), name]
