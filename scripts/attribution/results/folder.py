"""A folder of results as a mapping: HDF5 files as arrays, CSV files as tables, each read when it is asked for."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from attribution.files import hdf5, scopes
from attribution.results import csv_tables

# the second links to the arrays of the first, and has the names of classes that are shown
DATA, NAMED = "data.h5", "named.h5"
READ = (".h5", ".csv")
# names that a message lists
LISTED = 20


class Arrays(Mapping):
    """An HDF5 file: the path of an array in it ("influence", "327/members") -> the array, read when it is asked for.

    `attributes` are those of the file: data set, model, seed, the rule that made it and its settings as JSON. What the
    arrays are, with shapes and units, says the module of `attribution.files.results` that is named as the file.
    """

    def __init__(self, path: Path):
        self.path = path

    @property
    def attributes(self) -> dict:
        """Attributes of the file, as plain Python values."""
        return hdf5.attributes(self.path)

    def attributes_of(self, name: str) -> dict:
        """Attributes of an array or of a group ("327") in the file.

        Raises:
            KeyError: one sentence, for a name that the file lacks.
        """
        with hdf5.file(self.path) as file:
            if name not in file:
                raise self._lacks(name)
            found = file[name].attrs.items()
            return {key: value.item() if isinstance(value, np.generic) else value for key, value in found}

    def rows(self, name: str, chosen) -> np.ndarray:
        """Rows (q, ...) of an array without reading the others.

        Args:
            chosen: (q,) row numbers, in any order and repeated as wished.

        Raises:
            KeyError: as `[]`. IndexError: one sentence, for rows that the array lacks.
        """
        unique, place = np.unique(np.asarray(chosen, dtype=np.int64), return_inverse=True)
        with hdf5.file(self.path) as file:
            array = self._array(file, name)
            if len(unique) and not 0 <= unique[0] <= unique[-1] < len(array):
                wrong = unique[-1] if unique[0] >= 0 else unique[0]
                raise IndexError(f"{self.path}: {name} has rows 0 to {len(array) - 1}, not {wrong}")
            return _texts(array)[unique][place]

    def __getitem__(self, name: str) -> np.ndarray:
        with hdf5.file(self.path) as file:
            return _texts(self._array(file, name))[()]

    def __iter__(self) -> Iterator[str]:
        found = []
        with hdf5.file(self.path) as file:
            file.visititems(lambda name, part: found.append(name) if isinstance(part, h5py.Dataset) else None)
            # links to another file are not visited
            found += [name for name in file if name not in found and isinstance(file.get(name), h5py.Dataset)]
        return iter(found)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        with hdf5.file(self.path) as file:
            lines = [f"  {name:<24} {file[name].shape} {file[name].dtype}" for name in self]
        return "\n".join([str(self.path), *lines])

    def _array(self, file, name: str):
        if not isinstance(file.get(name), h5py.Dataset):
            raise self._lacks(name)
        return file[name]

    def _lacks(self, name: str) -> KeyError:
        return _Sentence(f"{self.path} has no array '{name}'; it has {_listed(list(self))}{_meant(name, list(self))}")


class Folder(Mapping):
    """A folder of results: a file's name below it -> `Arrays` of an HDF5 file or the pandas table of a CSV file.

    Names are those of `attribution.files.results`. The folder of a run has its data set's data.h5 as well, with the
    names of classes in named.h5 where that is there.
    """

    def __init__(self, path: Path, files: dict[str, Path]):
        self.path, self.files = path, files

    def __getitem__(self, name: str) -> Arrays | pd.DataFrame:
        if name not in self.files:
            made = f"; `snakemake -- {self.path / name}` makes it" if is_described(name) else ""
            names = list(self.files)
            raise _Sentence(
                f"{self.path} has no {name}; it has {_listed(_by_folder(names))}{_meant(name, names)}{made}"
            )
        path = self.files[name]
        return csv_tables.read(path) if path.suffix == ".csv" else Arrays(path)

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __repr__(self) -> str:
        return "\n".join([str(self.path), *(f"  {name}" for name in self.files)])


class _Sentence(KeyError):
    """A KeyError that is shown as the sentence it is, without quotation marks around it."""

    def __str__(self) -> str:
        return self.args[0]


def open(folder) -> Folder:
    """The results in a folder: of a run (results/DATASET/MODEL/seedSEED), a data set, or a study (results/STUDY).

    Nothing is read but the names of files. A run's folder is taken with all below it ("scores/l-relative.h5",
    "all_layers/influence.h5").

    Raises:
        FileNotFoundError: one sentence that names the runs that exist, when the folder does not or holds no results.
    """
    folder = Path(folder)
    is_run = folder.name.startswith("seed") and folder.name.removeprefix("seed").isdecimal()
    found = [path for path in (folder.rglob("*") if is_run else folder.glob("*")) if _is_result(path, folder)]
    if not found:
        raise FileNotFoundError(_no_results(folder))
    # the run's own files first, then those in folders below it
    found.sort(key=lambda path: (len(path.relative_to(folder).parts), str(path)))
    files = {path.relative_to(folder).as_posix(): path for path in found}
    if is_run:
        files = _data(folder.parent.parent / name for name in (NAMED, DATA)) | files
    return Folder(folder, files)


def of_files(folder, paths) -> Folder:
    """The same of named files of a run alone, those that a job was given; its data set's lies outside the folder."""
    folder = Path(folder)
    paths = list(map(Path, paths))
    inside = {path.relative_to(folder).as_posix(): path for path in paths if path.is_relative_to(folder)}
    outside = {path.name: path for path in paths if not path.is_relative_to(folder)}
    return Folder(folder, outside | _data(outside.get(name, folder) for name in (NAMED, DATA)) | inside)


def _data(candidates) -> dict[str, Path]:
    """The first of these files that is there, as data.h5."""
    found = next((path for path in candidates if path.is_file()), None)
    return {} if found is None else {DATA: found}


def is_described(name: str) -> bool:
    """Whether a file of this name, below its folder, is one that the workflow can make."""
    try:
        scopes.scope_of(name.removeprefix("all_layers/"))
    except KeyError:
        return False
    return True


def _is_result(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return path.suffix in READ and not any(part.startswith(".") for part in parts) and path.is_file()


def _no_results(folder: Path) -> str:
    """The sentence for a folder without results, with the runs below the nearest folder that exists."""
    above = folder
    while not above.is_dir() and above != above.parent:
        above = above.parent
    # as deep as a run lies below the clone and no deeper: the nearest folder may be the user's home
    depths = ("seed*", "*/seed*", "*/*/seed*", "results/*/*/seed*")
    runs = sorted(str(path) for depth in depths for path in above.glob(depth) if any(path.glob("*.h5")))
    what = "holds no results" if folder.is_dir() else "does not exist"
    if runs:
        return f"{folder} {what}; runs below {above} are {_listed(runs)}{_meant(str(folder), runs)}"
    return f"{folder} {what}, and there is no run below {above}; `make run` makes results, in the clone's results/"


def _texts(array: h5py.Dataset):
    """An array whose texts are read as str."""
    return array.asstr() if h5py.check_string_dtype(array.dtype) else array


def _by_folder(names: list[str]) -> list[str]:
    """Names of files for a message; of a folder how many it has."""
    counts = Counter(name.rpartition("/")[0] for name in names)
    own = [name for name in names if "/" not in name]
    return own + [f"{folder}/ ({count} file{'s' * (count > 1)})" for folder, count in counts.items() if folder]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return (", ".join(names[:LISTED]) or "nothing") + more


def _meant(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, 1, 0.6)
    return f"; did you mean {near[0]}?" if near else ""
