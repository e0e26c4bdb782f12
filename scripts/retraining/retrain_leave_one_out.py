"""Train the network again without each training point."""

from attribution.runtime import job

job.begin()

from attribution.files import provenance
from attribution.retraining import retrain as retraining
from attribution.retraining import subsets


def retrain_leave_one_out(data: str, recipe: dict, seed: int, repetition: int, path: str, attributes: dict) -> None:
    """Write retraining/leave-one-out-{repetition}.h5 (see `retraining.removals`)."""
    masks = subsets.leave_one_out(retraining.count(data))
    retraining.removals(data, recipe, seed, repetition, masks, path, attributes, {}, "leave one out")


job.run(retrain_leave_one_out, attributes=provenance.attributes)
