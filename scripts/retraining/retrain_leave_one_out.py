"""Train the network again without each training point."""

from attribution.runtime import devices, log

if "snakemake" in globals():
    log.capture(snakemake.log[0])
    devices.take_one()

from attribution.files import provenance
from attribution.retraining import retrain as retraining
from attribution.retraining import subsets


def retrain_leave_one_out(data: str, recipe: dict, seed: int, repetition: int, path: str, attributes: dict) -> None:
    """Write retraining/leave-one-out-{repetition}.h5 (see `retraining.removals`)."""
    masks = subsets.leave_one_out(retraining.count(data))
    retraining.removals(data, recipe, seed, repetition, masks, path, attributes, {}, "leave one out")


if "snakemake" in globals():
    retrain_leave_one_out(
        snakemake.input.data,
        snakemake.params.recipe,
        int(snakemake.wildcards.seed),
        int(snakemake.wildcards.repetition),
        snakemake.output.networks,
        provenance.attributes(snakemake.rule, snakemake.wildcards, snakemake.params),
    )
