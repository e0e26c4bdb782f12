"""One shard of networks trained on random subsets, for datamodels."""

from attribution.runtime import devices, log

if "snakemake" in globals():
    log.capture(snakemake.log[0])
    devices.take_one()

from attribution.files import hdf5, provenance
from attribution.files.results.retraining import MARGINS, MASKS
from attribution.retraining import retrain as retraining
from attribution.retraining import subsets


def retrain_subsets(
    data: str, recipe: dict, seed: int, alpha: float, numbers: tuple[int, int], stream: int, draw_seed: int, path: str,
    attributes: dict,
) -> None:  # fmt: skip
    """Write a shard: `masks` (M, n) and `margins` (M, n + m) float32.

    Args:
        numbers: first subset and how many. stream: `subsets.SUBSETS` to fit on, `subsets.HELD_OUT` to judge by.
        draw_seed: of the subsets.
    """
    start, count = numbers
    masks = subsets.random_subsets(retraining.count(data), alpha, start, count, draw_seed, stream)
    ids = subsets.member_ids(start, count, stream)
    margins, _ = retraining.outputs(data, recipe, seed, 0, masks, ids, f"subsets of {alpha:g} n from {start}")
    hdf5.write(path, {MASKS: masks, MARGINS: margins.astype("float32")}, attributes)


if "snakemake" in globals():
    held_out = snakemake.wildcards.shard == "held-out"
    retrain_subsets(
        snakemake.input.data,
        snakemake.params.recipe,
        int(snakemake.wildcards.seed),
        float(snakemake.wildcards.alpha),
        tuple(snakemake.params.numbers),
        subsets.HELD_OUT if held_out else subsets.SUBSETS,
        snakemake.params.draw_seed,
        snakemake.output.networks,
        provenance.attributes(snakemake.rule, snakemake.wildcards, snakemake.params),
    )
