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

COLUMNS = ["dataset", "model", "truth", "models", "method", "subsets", "agreement", "low", "high",
           "unit", "unit_low", "unit_high"]  # fmt: skip
# what is placed: attributions as they are, or each target's at length one
FORMS = (np.asarray, embeddings.at_length_one)
RETRAINED, FLOOR = "datamodel-ridge", "noise-floor"


def measure_embeddings(
    wildcards: dict, subsets: list[str], attributions: str, number: int, penalties: dict, components: int,
    interval: dict, path: str,
) -> None:  # fmt: skip
    """Write a row a number of subsets for the method against ridge datamodels fitted on so many of them; such rows for
    these datamodels against those on all subsets; and as noise floor against those on as many others. `agreement` is of
    the attributions as they are, `unit` of each target's at length one.

    Args:
        subsets: truths that datamodels are fitted on. attributions: of the method. number: of subsets to fit on.
        penalties: of ridge. components: leading ones that distances are taken in. interval: of the bootstrap.
    """
    found = truths.read(subsets, number)
    pairs, _ = scores.attribution(attributions, found.targets)
    kept, margins = found.kept, found.margins[0]

    def placed(attributed: np.ndarray) -> list[np.ndarray]:
        return [embeddings.distances(form(attributed), components) for form in FORMS]

    def of_datamodels(part: slice) -> list[np.ndarray]:
        weights, _, _ = datamodels.fit(kept[part], margins[part], candidates(penalties))
        return placed(weights)

    counts, total = embeddings.counts(len(kept)), len(kept)
    by_count = {count: of_datamodels(slice(count)) for count in counts}
    others = {count: of_datamodels(slice(total - count, total)) for count in counts if 2 * count <= total}
    compared = {
        RETRAINED: dict.fromkeys(counts, by_count[total]),
        FLOOR: others,
        wildcards["method"]: dict.fromkeys(counts, placed(pairs)),
    }
    rows = []
    for method, of_count in compared.items():
        for count, other in of_count.items():
            found_of = []
            for one, two in zip(by_count[count], other, strict=True):
                found_of += [embeddings.agreement(one, two), *embeddings.interval(one, two, **interval)]
            rows.append([wildcards["dataset"], wildcards["model"], "fixed", 1, method, count, *found_of])
            print("{}, {} subsets: {:.3f} ({:.3f} to {:.3f}), at length one {:.3f} ({:.3f} to {:.3f})".format(
                method, count, *found_of), flush=True)  # fmt: skip
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(temporary, index=False)


job.run(measure_embeddings)
