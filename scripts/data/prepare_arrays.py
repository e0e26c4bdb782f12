"""Check one's own data, and store a variant of them shuffled."""

from attribution.runtime import job

job.begin()

from attribution.data import data_file, sources, variants
from attribution.files import provenance


def prepare_arrays(
    source: str, pairs: str | None, settings: dict, subgroups: list, path: str, attributes: dict
) -> None:
    """Write data.h5.

    Args:
        source: file or folder. pairs: CSV of injected test images, or None (see `variants.read_pairs`).
        settings: `loader` with its keys, `class_names`, `subgroup_names` and those of `variants.make`; classes without
            names are called by the texts of their labels, or their numbers. subgroups: names, in the order of their
            numbers; where empty, as the classes.

    Prints, and stores as the attribute `notes`, what of the source was left out or changed.

    Raises:
        ValueError: when the source or an array is not as `sources.read` wants it.
    """
    found, classes, said = sources.read(source, settings)
    for note in said.get("notes", []):
        print(note, flush=True)
    made, facts = variants.make(found, classes, settings, variants.read_pairs(pairs))
    data_file.write(path, made, facts.pop("class_names"), subgroups or classes, attributes | said | facts)


job.run(prepare_arrays, source="input.arrays", attributes=provenance.attributes)
