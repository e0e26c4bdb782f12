"""judges/embeddings-METHOD.csv: whether a method places the test points as datamodels by retraining do."""

from attribution.runtime import job

job.begin()

import numpy as np
import pandas as pd

from attribution.evaluation import embeddings, truths
from attribution.files import atomic
from attribution.methods import scores
from attribution.methods.retraining.datamodel_ridge import candidates
from attribution.retraining import datamodels

COLUMNS = ["dataset", "model", "truth", "models", "method", "subsets", "agreement", "low", "high"]
RETRAINED, FLOOR = "datamodel-ridge", "noise-floor"


def measure_embeddings(
    wildcards: dict, subsets: list[str], attributions: str, number: int, penalties: dict, components: int,
    interval: dict, path: str,
) -> None:  # fmt: skip
    """Write a row a number of subsets for the method against ridge datamodels fitted on so many of them; such rows for
    these datamodels against those on all subsets; and as noise floor against those on as many others.

    Args:
        subsets: truths that datamodels are fitted on. attributions: of the method. number: of subsets to fit on.
        penalties: of ridge. components: leading ones that distances are taken in. interval: of the bootstrap.
    """
    found = truths.read(subsets, number)
    pairs, _ = scores.attribution(attributions, found.targets)
    kept, margins = found.kept, found.margins[0]

    def of_datamodels(part: slice) -> np.ndarray:
        weights, _, _ = datamodels.fit(kept[part], margins[part], candidates(penalties))
        return embeddings.distances(weights, components)

    counts, total = embeddings.counts(len(kept)), len(kept)
    by_count = {count: of_datamodels(slice(count)) for count in counts}
    others = {count: of_datamodels(slice(total - count, total)) for count in counts if 2 * count <= total}
    compared = {
        RETRAINED: dict.fromkeys(counts, by_count[total]),
        FLOOR: others,
        wildcards["method"]: dict.fromkeys(counts, embeddings.distances(pairs, components)),
    }
    rows = []
    for method, of_count in compared.items():
        for count, other in of_count.items():
            score = embeddings.agreement(by_count[count], other)
            low, high = embeddings.interval(by_count[count], other, **interval)
            rows.append([wildcards["dataset"], wildcards["model"], "fixed", 1, method, count, score, low, high])
            print(f"{method}, {count} subsets: {score:.3f} ({low:.3f} to {high:.3f})", flush=True)
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(temporary, index=False)


job.run(measure_embeddings)
