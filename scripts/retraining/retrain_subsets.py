"""One shard of networks trained on random subsets, for datamodels."""

from attribution.runtime import job

job.begin()

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


def stream_of(shard: str) -> int:
    """Of a shard's subsets: to fit on, or to judge by."""
    return subsets.HELD_OUT if shard == "held-out" else subsets.SUBSETS


job.run(retrain_subsets, stream=stream_of, attributes=provenance.attributes)
