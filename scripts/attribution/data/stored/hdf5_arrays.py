"""Arrays of a user's HDF5 file; links, virtual and external storage are followed, or named where they end."""

from collections.abc import Callable

import h5py
import numpy as np

from attribution.files import hdf5_errors, unreadable

# Registered filters that a writer may have and h5py has not; hdf5plugin has them
FILTERS = {
    307: "bzip2", 32000: "LZF", 32001: "Blosc", 32004: "LZ4", 32008: "Bitshuffle", 32013: "ZFP", 32015: "Zstandard",
    32017: "SZ", 32024: "SZ3", 32026: "Blosc2", 4: "SZIP",
}  # fmt: skip
BLOCK = "%b"  # in the names of a virtual source it stands for a number, from 0


def read(path, wanted: Callable[[list[str]], list[str]], objects: Callable[[str], str]) -> dict[str, np.ndarray]:
    """Arrays at the root of an HDF5 file.

    Args:
        path: the file. wanted: names that the file holds -> names to read; may raise.
        objects: name -> sentence for an array of Python objects or texts.

    Raises:
        ValueError: one sentence.
    """
    unreadable.require(path)
    with hdf5_errors.open_file(path) as file:
        return {name: _array(path, file, name, objects) for name in wanted(list(file))}


def _array(path, file: h5py.File, name: str, objects: Callable[[str], str]) -> np.ndarray:
    try:
        item = file[name]
    except (KeyError, OSError) as error:
        raise ValueError(f"{path}: {name} {_link(path, file, name, error)}") from None
    if isinstance(item, h5py.Group):
        raise ValueError(f"{path}: {name} is a group; an array is expected")
    if not isinstance(item, h5py.Dataset) or item.shape is None:
        raise ValueError(f"{path}: {name} holds no values; an array is expected")
    if h5py.check_string_dtype(item.dtype) and item.dtype.hasobject:
        return item.asstr()[()].astype(str)
    if item.dtype.hasobject:
        raise ValueError(objects(name))
    _require_values(path, name, item)
    try:
        return item[()]
    except OSError as error:
        raise ValueError(unreadable.sentence(path, error) or f"{path}: {name} {_unread(item, str(error))}") from None


def _link(path, file: h5py.File, name: str, error: Exception) -> str:
    """Why a name that is listed opens nothing."""
    link = file.get(name, getlink=True)
    if isinstance(link, h5py.SoftLink):
        return f"is a link to {link.path} in the same file, where nothing is; store the array itself, or mend the link"
    if isinstance(link, h5py.ExternalLink):
        reason = _missing(path, link.filename, link.path, "HDF5_EXT_PREFIX") or hdf5_errors.one_line(str(error))
        return f"is a link to {link.path} in the file '{link.filename}': {reason}"
    said = str(error).strip("'\"")
    if hdf5_errors.is_newer(said):
        return hdf5_errors.newer(said)
    return f"is damaged ({hdf5_errors.one_line(said)}); {hdf5_errors.AGAIN}"


def _missing(path, filename: str, name: str, variable: str) -> str | None:
    """Why an array of another file cannot be had; None when it can."""
    reason = None
    places = [path] if filename == "." else hdf5_errors.candidates(path, filename, variable)
    for place in places:
        try:
            with hdf5_errors.open_file(place) as other:
                if name not in other or other.get(name) is None:
                    return f"{place} has no {name}; mend the link, or store the array itself"
                found = other[name]
                return _unmapped(place, found) if isinstance(found, h5py.Dataset) else None
        except ValueError as error:
            # of several places the first that holds a file tells most
            if reason is None and " does not exist" not in str(error):
                reason = str(error)
    return reason or f"there is no such file, looked for at {places[0]}; put it there, or store the array itself"


def _unmapped(path, item: h5py.Dataset) -> str | None:
    """What a virtual array lacks, whose holes HDF5 fills with a constant without a word; None where nothing."""
    if not item.is_virtual:
        return None
    covered = 0
    for source in item.virtual_sources():
        filename = source.file_name.replace(BLOCK, "0").replace("%%", "%")
        reason = _missing(path, filename, source.dset_name.replace(BLOCK, "0"), "HDF5_VDS_PREFIX")
        if reason:
            return f"{source.dset_name} in the file '{source.file_name}': {reason}"
        covered += source.vspace.get_select_npoints()
    if covered < item.size:
        return f"only {covered} of {item.size} values come from a source; complete it, or store the array itself"
    return None


def _require_values(path, name: str, item: h5py.Dataset) -> None:
    """Refuse an array that HDF5 would fill up with a constant without a word."""
    unmapped = _unmapped(path, item)
    if unmapped:
        raise ValueError(f"{path}: {name} is a virtual array, and lacks {unmapped}")
    if item.is_virtual or item.external or not item.size:
        return
    if not item.id.get_storage_size():
        raise ValueError(
            f"{path}: {name} was created and never written, all its values would be {item.fillvalue}; write it again"
        )
    if item.chunks:
        written = item.id.get_num_chunks()
        whole = int(np.prod([-(-side // step) for side, step in zip(item.shape, item.chunks, strict=True)]))
        if written < whole:
            print(f"{path}: {name} has {written} of {whole} chunks, the others are {item.fillvalue}", flush=True)


def _unread(item: h5py.Dataset, said: str) -> str:
    """Why the values of an array that is there cannot be read."""
    plist = item.id.get_create_plist()
    for place in range(plist.get_nfilters()):
        code, *_, label = plist.get_filter(place)
        if not h5py.h5z.filter_avail(code):
            known = FILTERS.get(code) or label.decode("utf-8", "replace") or "unknown"
            return (
                f"is compressed by HDF5 filter {code} ({known}), which is not installed here; store it with gzip or "
                f"without compression (h5repack -f GZIP=4), or set HDF5_PLUGIN_PATH to the folder of that filter"
            )
    if "external raw data" in said:
        files = ", ".join(name for name, *_ in item.external)
        return f"has its values in another file, {files}, which cannot be opened; put it there, or store the array here"
    if hdf5_errors.is_newer(said):
        return hdf5_errors.newer(said)
    return f"is damaged ({hdf5_errors.one_line(said)}); {hdf5_errors.AGAIN}"
