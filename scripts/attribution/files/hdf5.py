"""Read and write result files. A file appears under its name only when it is complete."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import h5py
import numpy as np

from attribution.files import atomic, hdf5_errors, unreadable


def write(path, arrays: Mapping, attrs: Mapping) -> None:
    """Write arrays and attributes to an HDF5 file, atomically.

    Args:
        path: the file; its folder is created.
        arrays: name -> array; a name may hold slashes ("12/members"), which make groups.
        attrs: name -> str, number, or a list of them; None is left out. Keys with a slash
            ("12/rule") set the attribute of that group or array.

    See `atomic.replacing` for what a kill leaves.
    """
    with writing(path, attrs) as created:
        for name, array in arrays.items():
            created.create_dataset(name, data=np.asarray(array), track_times=False)


@contextmanager
def writing(path, attrs: Mapping) -> Iterator[h5py.File]:
    """Give an HDF5 file to fill array by array and block by block; it appears as `path` when the block ends.

    Args:
        path: the file; its folder is created. attrs: as in `write`, set at the end.
    """
    with atomic.replacing(path) as temporary, h5py.File(temporary, "w") as created:
        yield created
        for name, value in attrs.items():
            owner, _, key = name.rpartition("/")
            if value is not None:
                (created[owner] if owner else created).attrs[key] = value


def file(path) -> h5py.File:
    """A result file for reading, to be closed by `with`.

    Raises:
        ValueError: with one sentence, when it is locked, cannot be reached or read, or is damaged.
    """
    return hdf5_errors.open_file(path, "delete it and run its rule again", "delete it and run its rule again")


def read(path, *names: str) -> list[np.ndarray]:
    """Arrays of a result file, in the order asked.

    Raises:
        KeyError: with one sentence that names the file, the array and what the file holds.
        ValueError: as `file`.
    """
    with opened(path, *names) as arrays:
        try:
            return [array[()] for array in arrays]
        except OSError as error:
            said = unreadable.sentence(path, error) or f"{path} is damaged ({error}); delete it and run its rule again"
            raise ValueError(said) from None


@contextmanager
def opened(path, *names: str) -> Iterator[list[h5py.Dataset]]:
    """Arrays of a result file without their contents, to be read in blocks of rows: `array[start:stop]`.

    Raises:
        KeyError, ValueError: as `read`.
    """
    with file(path) as found:
        missing = [name for name in names if name not in found]
        if missing:
            raise KeyError(f"{path} holds {sorted(found)}, not {missing}; delete it and run its rule again")
        yield [found[name] for name in names]


def attributes(path) -> dict:
    """The file's attributes, as plain Python values."""
    with file(path) as found:
        return {key: value.item() if isinstance(value, np.generic) else value for key, value in found.attrs.items()}
