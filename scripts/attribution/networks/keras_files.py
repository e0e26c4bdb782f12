"""Why a user's file of a network cannot be read, before Keras's own message is passed on. No Keras import."""

import json
import os
import zipfile
import zlib

from attribution.files import hdf5_errors, unreadable
from attribution.files import kinds as file_kinds

SAVE = "save it again with model.save('NAME.keras')"


def require(path, expected: str) -> None:
    """Check that a file of `models` can be opened.

    Raises:
        ValueError: one sentence; `expected` says what the file should be.
    """
    if not os.path.exists(path) and os.access(os.path.dirname(path) or ".", os.X_OK):
        raise ValueError(f"{unreadable.absent(path)}; set models.NAME.path to {expected}")
    unreadable.require(path)


def reason(path, version: str) -> str | None:
    """What is wrong with a file that Keras does not load; None when it is whole, so that its content is to blame.

    Args:
        path: the file. version: of the Keras that reads it.
    """
    kind = file_kinds.of(path)
    if kind == file_kinds.HDF5:
        try:
            hdf5_errors.open_file(path, SAVE).close()
        except ValueError as error:
            return str(error)
        if str(path).endswith(".keras"):
            return f"{path} is an HDF5 file, Keras's older format, with the name of the newer one; rename it to .h5"
        return None
    if kind != file_kinds.ZIP:
        return f"{path} is no .keras file but {kind or 'of another kind, or its start is damaged'}; {SAVE}"
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            written = json.loads(archive.read("metadata.json")).get("keras_version", "")
    except KeyError:
        return f"{path} is a zip archive without metadata.json, so no .keras file; {SAVE}"
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error) as error:
        return f"{path} is damaged or cut off ({error}); copy it again, or {SAVE}"
    if damaged:
        return f"{path} is damaged (checksum of {damaged}); copy it again, or {SAVE}"
    if _numbers(written) > _numbers(version):
        return f"{path} was saved by Keras {written}, newer than {version} here, which does not load it; update Keras"
    return None


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")[:2] if part.isdecimal()]
