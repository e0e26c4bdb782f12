"""Give data.h5 the names by which classes and subgroups are shown, in a file that links to its arrays."""

from attribution.runtime import job

job.begin()

from attribution.data import data_file
from attribution.files import provenance


def name_classes(data: str, names: dict, path: str, attributes: dict) -> None:
    """Write named.h5.

    Args:
        data: path of data.h5, in the same folder. names: `class_names` and `subgroup_names`, in the order of their
            numbers; where empty, those that data.h5 has from its source.

    Raises:
        ValueError: when there are not as many names as classes or subgroups.
    """
    data_file.name(data, {key: value for key, value in names.items() if value}, path, attributes)


job.run(name_classes, attributes=provenance.attributes)
