"""Draw the two-dimensional toy set and store it shuffled."""

from attribution.runtime import job

job.begin()

from attribution.data import data_file, toy
from attribution.files import provenance


def prepare_toy(settings: dict, path: str, attributes: dict) -> None:
    """Write data.h5 from a data set's settings (see `toy.draw`)."""
    arrays = toy.draw(**{key: settings[key] for key in ("discs", "class_names", "noise", "seed", "flipped")})
    subgroup_names = [disc["name"] for disc in settings["discs"]]
    data_file.write(path, arrays, settings["class_names"], subgroup_names, attributes)


job.run(prepare_toy, attributes=provenance.attributes)
