"""Shards of retrainings: which subsets a job trains, and which jobs the first subsets come from."""


def shard_range(shards: list[int], shard: int) -> tuple[int, int]:
    """First subset of a shard, and how many it holds."""
    return sum(shards[:shard]), shards[shard]


def shards_for(shards: list[int], count: int) -> list[int]:
    """Numbers of the shards that together hold the first `count` subsets.

    Raises:
        ValueError: when all shards hold fewer.
    """
    for last in range(len(shards)):
        if sum(shards[: last + 1]) >= count:
            return list(range(last + 1))
    raise ValueError(f"{count} subsets were asked for, but datamodels.shards hold {sum(shards)}; add a shard")


def numbers(datamodels: dict, shard: str) -> list[int]:
    """First subset and number of subsets of a shard, `held-out` or a number, by section `datamodels`."""
    return [0, datamodels["held_out"]] if shard == "held-out" else list(shard_range(datamodels["shards"], int(shard)))
