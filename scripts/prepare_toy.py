"""Draw the two-dimensional toy set and store it shuffled."""

import hashlib

import numpy as np

from attribution import h5, log, provenance, toy


def prepare_toy(settings: dict, path: str, attributes: dict) -> None:
    """Write data.h5 from a data set's settings (see `toy.draw`); `sha256` is that of the arrays."""
    arrays = toy.draw(settings["discs"], settings["class_names"], settings["noise"], settings["seed"])
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(arrays[name]).tobytes() for name in sorted(arrays)))
    h5.write(
        path,
        arrays,
        attributes
        | {
            "class_names": settings["class_names"],
            "subgroup_names": [disc["name"] for disc in settings["discs"]],
            "sha256": digest.hexdigest(),
        },
    )


if "snakemake" in globals():
    log.capture(snakemake.log[0])
    prepare_toy(
        snakemake.params.settings,
        snakemake.output.data,
        provenance.attributes(snakemake.rule, snakemake.wildcards, snakemake.params),
    )
