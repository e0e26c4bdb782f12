"""Write data.h5, whichever loader made its arrays, and named.h5, the same with the names that are shown."""

import hashlib
from pathlib import Path

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


def name(data, names: dict[str, list[str]], path, attrs: dict) -> None:
    """Write a file beside data.h5 that links to its arrays and has its attributes, but for these names.

    Args:
        data: path of data.h5. names: `class_names`, `subgroup_names` or none of them. path: in the folder of data.h5.
            attrs: of the file itself.

    Raises:
        ValueError: when there are not as many names as in data.h5; one sentence.
    """
    facts = {key: value.tolist() if isinstance(value, np.ndarray) else value
             for key, value in hdf5.attributes(data).items()}  # fmt: skip
    for key, given in names.items():
        if len(given) != len(facts[key]):
            raise ValueError(f"{key} has {len(given)} names, but {data} has {len(facts[key])}: {', '.join(facts[key])}")
    with hdf5.file(data) as file:
        arrays = list(file)
    with hdf5.writing(path, facts | attrs | names) as created:
        for array in arrays:
            created[array] = h5py.ExternalLink(Path(data).name, array)
