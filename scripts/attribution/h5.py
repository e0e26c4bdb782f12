"""Read and write result files. A file appears under its name only when it is complete."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import h5py
import numpy as np

from attribution import atomic


def write(path, arrays: Mapping, attrs: Mapping) -> None:
    """Write arrays and attributes to an HDF5 file, atomically.

    Args:
        path: the file; its folder is created.
        arrays: name -> array; a name may hold slashes ("12/members"), which make groups.
        attrs: name -> str, number, or a list of them; None is left out. Keys with a slash
            ("12/rule") set the attribute of that group or array.

    See `atomic.replacing` for what a kill leaves.
    """
    with writing(path, attrs) as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=np.asarray(array), track_times=False)


@contextmanager
def writing(path, attrs: Mapping) -> Iterator[h5py.File]:
    """Give an HDF5 file to fill array by array and block by block; it appears as `path` when the block ends.

    Args:
        path: the file; its folder is created. attrs: as in `write`, set at the end.
    """
    with atomic.replacing(path) as temporary, h5py.File(temporary, "w") as file:
        yield file
        for name, value in attrs.items():
            owner, _, key = name.rpartition("/")
            if value is not None:
                (file[owner] if owner else file).attrs[key] = value


def read(path, *names: str) -> list[np.ndarray]:
    """Arrays of a result file, in the order asked.

    Raises:
        KeyError: with one sentence that names the file, the array and what the file holds.
    """
    with opened(path, *names) as arrays:
        return [array[()] for array in arrays]


@contextmanager
def opened(path, *names: str) -> Iterator[list[h5py.Dataset]]:
    """Arrays of a result file without their contents, to be read in blocks of rows: `array[start:stop]`.

    Raises:
        KeyError: as `read`.
    """
    with h5py.File(path, "r") as file:
        missing = [name for name in names if name not in file]
        if missing:
            raise KeyError(f"{path} holds {sorted(file)}, not {missing}; delete it and run its rule again")
        yield [file[name] for name in names]


def attributes(path) -> dict:
    """The file's attributes, as plain Python values."""
    with h5py.File(path, "r") as file:
        return {key: value.item() if isinstance(value, np.generic) else value for key, value in file.attrs.items()}
