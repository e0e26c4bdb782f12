"""judges/embeddings-METHOD.csv: whether a method places the test points as datamodels by retraining do."""

from attribution.runtime import job

job.begin()

import pandas as pd

from attribution.evaluation import embeddings, truths
from attribution.files import atomic
from attribution.methods.retraining.datamodel_ridge import candidates
from attribution.retraining import datamodels

COLUMNS = ["dataset", "model", "method", "subsets", "agreement", "low", "high"]
RETRAINED = "datamodel-ridge"


def measure_embeddings(
    wildcards: dict, subsets: list[str], attributions: str, number: int, penalties: dict, components: int,
    interval: dict, path: str,
) -> None:  # fmt: skip
    """Write a row a number of subsets for the method against ridge datamodels fitted on so many of them, and such rows
    for these datamodels against those on all subsets: what the number of subsets alone costs.

    Args:
        subsets: truths that datamodels are fitted on. attributions: of the method. number: of subsets to fit on.
        penalties: of ridge. components: leading ones that distances are taken in. interval: of the bootstrap.
    """
    found = truths.read(subsets, number)
    pairs, _ = truths.attribution(attributions, found.targets)
    kept, margins = found.kept, found.margins[0]
    by_count = {}
    for count in embeddings.counts(len(kept)):
        weights, _, _ = datamodels.fit(kept[:count], margins[:count], candidates(penalties))
        by_count[count] = embeddings.distances(weights, components)
    compared = {wildcards["method"]: embeddings.distances(pairs, components), RETRAINED: by_count[len(kept)]}
    rows = []
    for method, other in compared.items():
        for count, own in by_count.items():
            score = embeddings.agreement(own, other)
            low, high = embeddings.interval(own, other, **interval)
            rows.append([wildcards["dataset"], wildcards["model"], method, count, score, low, high])
            print(f"{method}, {count} subsets: {score:.3f} ({low:.3f} to {high:.3f})", flush=True)
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(temporary, index=False)


job.run(measure_embeddings)
