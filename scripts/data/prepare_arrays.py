"""Check one's own arrays, and store a variant of them shuffled."""

from attribution.runtime import job

job.begin()

from attribution.data import arrays, data_file, variants
from attribution.files import provenance


def prepare_arrays(
    source: str, pairs: str | None, settings: dict, subgroups: list, path: str, attributes: dict
) -> None:
    """Write data.h5.

    Args:
        source: npz or HDF5 file. pairs: CSV of injected test images, or None (see `variants.read_pairs`).
        settings: `loader`, `class_names`, `subgroup_names` and those of `variants.make`; classes without names are
            called by their numbers. subgroups: names, in the order of their numbers; where empty, as the classes.

    Raises:
        ValueError: when the file or an array is not as `arrays.check` wants it.
    """
    found = arrays.check(
        source, arrays.read(source, settings["loader"]), settings["class_names"], settings["subgroup_names"]
    )
    classes = settings["class_names"] or [str(label) for label in range(found["y_train"].max() + 1)]
    made, facts = variants.make(found, classes, settings, variants.read_pairs(pairs))
    data_file.write(path, made, facts.pop("class_names"), subgroups or classes, attributes | facts)


job.run(prepare_arrays, source="input.arrays", attributes=provenance.attributes)
