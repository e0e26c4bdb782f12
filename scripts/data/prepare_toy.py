"""Draw the two-dimensional toy set and store it shuffled."""

from attribution.data import data_file, toy
from attribution.files import provenance
from attribution.runtime import log


def prepare_toy(settings: dict, path: str, attributes: dict) -> None:
    """Write data.h5 from a data set's settings (see `toy.draw`)."""
    arrays = toy.draw(**{key: settings[key] for key in ("discs", "class_names", "noise", "seed", "flipped")})
    subgroup_names = [disc["name"] for disc in settings["discs"]]
    data_file.write(path, arrays, settings["class_names"], subgroup_names, attributes)


if "snakemake" in globals():
    log.capture(snakemake.log[0])
    prepare_toy(
        snakemake.params.settings,
        snakemake.output.data,
        provenance.attributes(snakemake.rule, snakemake.wildcards, snakemake.params),
    )
