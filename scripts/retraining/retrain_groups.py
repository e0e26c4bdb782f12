"""Train the network again without groups of training points."""

from attribution.runtime import job

job.begin()

from attribution.files import hdf5, names, provenance
from attribution.retraining import retrain as retraining
from attribution.retraining import subsets


def retrain_groups(
    data: str, recipe: dict, seed: int, repetition: int, groups: dict, path: str, attributes: dict
) -> None:
    """Write retraining/groups-{repetition}.h5 (see `retraining.removals`).

    Args:
        groups: `shares`, `draws`, `seed` of `subsets.groups`.
    """
    x, y = hdf5.read(data, names.X_TRAIN, names.Y_TRAIN)
    drawn = subsets.groups(x, y, **groups)
    facts = {names.GROUP_KIND: drawn.kind.astype("S"), names.GROUP_SHARE: drawn.share}
    retraining.removals(data, recipe, seed, repetition, drawn.masks, path, attributes, facts, "leave groups out")


job.run(retrain_groups, attributes=provenance.attributes)
