"""Arrays of a user's npz file. Nothing is unpickled."""

import errno
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable

import numpy as np

from attribution.files import kinds as file_kinds
from attribution.files import unreadable

# Of the zip format, those that writers use and Python lacks; zstd comes with Python 3.14
METHODS = {9: "Deflate64", 93: "Zstandard", 95: "xz", 98: "PPMd", 99: "AES encryption"}


def read(path, wanted: Callable[[list[str]], list[str]], objects: Callable[[str], str]) -> dict[str, np.ndarray]:
    """Arrays of an npz file.

    Args:
        path: the file. wanted: names that the file holds -> names to read; may raise.
        objects: name -> sentence for an array of Python objects.

    Raises:
        ValueError: one sentence.
    """
    unreadable.require(path)
    with unreadable.explained(path):
        kind = file_kinds.of(path)
    if kind is not None and kind.startswith("a single array"):
        raise ValueError(f"{path} holds a single array, not an npz archive; write it with numpy.savez and names")
    if kind != file_kinds.ZIP:
        advice = "set loader: h5" if kind == file_kinds.HDF5 else "write its arrays with numpy.savez, or change loader"
        raise ValueError(f"{path} is no npz file but {kind or 'of another kind, or its start is damaged'}; {advice}")
    try:
        with unreadable.explained(path):
            file = np.load(path, allow_pickle=False)
    except NotImplementedError as error:
        raise ValueError(f"{path} needs what Python's zip reader lacks ({error}); write it with numpy.savez") from None
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise ValueError(
            f"{path} is damaged: the zip archive's list of contents is not at its end, as in a copy that was cut off "
            f"({error}); copy or write it again"
        ) from None
    with file:
        return {name: _member(path, file, name, objects) for name in wanted(file.files)}


def _member(path, file, name: str, objects: Callable[[str], str]) -> np.ndarray:
    try:
        array = file[name]
    except NotImplementedError:
        raise ValueError(f"{path}: {name} {_method(file, name)}; write it with numpy.savez_compressed") from None
    except RuntimeError as error:
        reason = "is encrypted" if "encrypted" in str(error) else f"cannot be unpacked here ({error})"
        raise ValueError(f"{path}: {name} {reason}; write it with numpy.savez_compressed") from None
    except ValueError as error:
        if "allow_pickle" in str(error) or "Object arrays" in str(error):
            raise ValueError(objects(name)) from None
        version = re.search(r"not (\(\d+, \d+\))", str(error))
        if version:
            raise ValueError(
                f"{path}: {name} has version {version[1]} of the npy format, newer than NumPy {np.__version__} reads; "
                "update NumPy, or write it with this version"
            ) from None
        raise ValueError(_damaged(path, name, error)) from None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise ValueError(unreadable.sentence(path, error)) from None
        raise ValueError(_damaged(path, name, error)) from None
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{path}: {name} is no NumPy array but another file in a zip archive; write it by numpy.savez")
    return array


def _method(file, name: str) -> str:
    found = [m for m in file.zip.infolist() if m.filename in (name, f"{name}.npy")]
    method = found[0].compress_type if found else None
    return f"is compressed by zip method {method} ({METHODS.get(method, 'unknown')}), which Python does not read"


def _damaged(path, name: str, error: Exception) -> str:
    said = " ".join(str(error).split())
    return f"{path}: {name} is damaged ({said}); copy or write the file again"
