"""judges/lds-TRUTH-EXTENT.csv: how well each method's attributions add up to what retraining on subsets does."""

from attribution.runtime import job

job.begin()

import pandas as pd

from attribution.evaluation import lds, truths
from attribution.files import atomic, hdf5
from attribution.methods import scores

COLUMNS = [
    "dataset", "model", "truth", "models", "subsets", "alpha", "method", "lds", "low", "high", "seconds", "peak_mb"
]  # fmt: skip


def measure_lds(
    wildcards: dict,
    truth: list[str],
    attributions: list[str],
    methods: list[str],
    subsets: int,
    interval: dict,
    path: str,
) -> None:
    """Write the table, a row a share of the subsets and method, and the noise of a truth of several trainings.

    That stands in two rows of their own without seconds and memory, whose `method` is `noise-floor`, the score that an
    independent truth would get as a prediction, and `noise-floor-root`, that of a perfect method.

    Args:
        truth: shards of all shares. attributions: files of `methods`. subsets: of each share.
        interval: `resamples`, `level`, `seed`.
    """
    shares = {}
    for shard in truth:
        shares.setdefault(hdf5.attributes(shard)["sets"].removeprefix("alpha"), []).append(shard)
    rows = []
    for alpha, shards in shares.items():
        found = truths.read(shards, subsets)
        true = found.margins.mean(axis=0)
        start = [
            wildcards["dataset"],
            wildcards["model"],
            wildcards["truth"],
            len(found.margins),
            len(true),
            float(alpha),
        ]
        if len(found.margins) > 1:
            floors = lds.noise_floor(found.margins, **interval)
            rows += [[*start, name, *values, None, None] for name, values in floors.items()]
        for method, file in zip(methods, attributions, strict=True):
            pairs, facts = scores.attribution(file, found.targets)
            predicted = found.kept.astype(float) @ pairs.T
            low, high = lds.interval(true, predicted, **interval)
            score = float(lds.scores(true, predicted).mean())
            rows.append([*start, method, score, low, high, facts["seconds"], facts["peak_memory"] / 1e6])
            print(f"alpha {alpha} {method}: {score:.3f} ({low:.3f} to {high:.3f})", flush=True)
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(temporary, index=False)


job.run(measure_lds, truth="input.truth")
