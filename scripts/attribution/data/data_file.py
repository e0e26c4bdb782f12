"""Write data.h5, whichever loader made its arrays."""

import hashlib

import h5py
import numpy as np

from attribution.files import hdf5


def write(path, arrays: dict[str, np.ndarray], class_names: list[str], subgroup_names: list[str], attrs: dict) -> None:
    """Write the arrays with the names of classes and subgroups and `sha256`, that of the arrays in order of name, but
    for texts, by which no number is computed."""
    digest = hashlib.sha256()
    texts = {name for name, array in arrays.items() if array.dtype.kind == "O"}
    for name in sorted(arrays.keys() - texts):
        digest.update(np.ascontiguousarray(arrays[name]).data)
    arrays = arrays | {name: arrays[name].astype(h5py.string_dtype()) for name in texts}
    facts = {"class_names": class_names, "subgroup_names": subgroup_names, "sha256": digest.hexdigest()}
    hdf5.write(path, arrays, attrs | facts)
