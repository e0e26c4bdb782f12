"""Read CIFAR-10 from its verified archive, and store a variant of it shuffled."""

from attribution.runtime import job

job.begin()

from attribution.data import cifar10, data_file, download, variants
from attribution.files import provenance


def prepare_cifar10(
    archive: str, pairs: str | None, settings: dict, subgroups: list, path: str, attributes: dict
) -> None:
    """Write data.h5.

    Args:
        archive: cifar-10-binary.tar.gz. pairs: CSV of injected test images, or None (see `variants.read_pairs`).
        settings: `digest`, `class_names` and those of `variants.make`. subgroups: names, in the order of their numbers.

    Raises:
        ValueError: when the archive is not the one of the digest, or no CIFAR-10 archive.
    """
    download.verify(archive, settings["digest"])
    source = cifar10.read_archive(archive)
    arrays, facts = variants.make(source, settings["class_names"], settings, variants.read_pairs(pairs))
    data_file.write(path, arrays, facts.pop("class_names"), subgroups, attributes | facts)


job.run(prepare_cifar10, attributes=provenance.attributes)
