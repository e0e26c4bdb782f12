"""Train the network again without groups of training points."""

from attribution.runtime import job

job.begin()

from attribution.files import hdf5, provenance
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.retraining import GROUP_KIND, GROUP_SHARE
from attribution.retraining import retrain as retraining
from attribution.retraining import subsets


def retrain_groups(
    data: str, recipe: dict, seed: int, repetition: int, groups: dict, path: str, attributes: dict
) -> None:
    """Write retraining/groups-{repetition}.h5 (see `retraining.removals`).

    Args:
        groups: `shares`, `draws`, `seed` of `subsets.groups`.
    """
    x, y = hdf5.read(data, X_TRAIN, Y_TRAIN)
    drawn = subsets.groups(x, y, **groups)
    facts = {GROUP_KIND: drawn.kind.astype("S"), GROUP_SHARE: drawn.share}
    retraining.removals(data, recipe, seed, repetition, drawn.masks, path, attributes, facts, "leave groups out")


job.run(retrain_groups, attributes=provenance.attributes)
