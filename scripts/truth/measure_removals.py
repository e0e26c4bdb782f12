"""judges/leave-one-out- and group-removals-TRUTH-EXTENT.csv: falls of margins when points and groups leave."""

from attribution.runtime import job

job.begin()

import pandas as pd

from attribution.evaluation import removals, truths
from attribution.files import atomic

START = ["dataset", "model", "truth", "method"]
END = ["slope", "pearson", "spearman", "low", "high"]


def measure_removals(
    wildcards: dict, alone: str, groups: str, attributions: list[str], methods: list[str], interval: dict,
    outputs: list[str],
) -> None:  # fmt: skip
    """Write both tables, a row a method, of groups also for each way in which they were drawn.

    Args:
        alone, groups: truths. attributions: files of `methods`. interval: `resamples`, `level`, `seed`.

    `slope` is empty where a method's scores have an order only.
    """
    named = [wildcards["dataset"], wildcards["model"], wildcards["truth"]]
    for truth, path, by_kind in ((alone, outputs[0], False), (groups, outputs[1], True)):
        found = truths.read([truth] if isinstance(truth, str) else truth)
        # the fall of the margin; of several trainings their mean
        true = (found.untouched[:, None] - found.margins).mean(axis=0)
        rows = []
        for method, file in zip(methods, attributions, strict=True):
            pairs, facts = truths.attribution(file, found.targets)
            predicted = (~found.kept).astype(float) @ pairs.T
            for kind in sorted(set(found.kind)) if by_kind else [""]:
                at = found.kind == kind if by_kind else slice(None)
                row = removals.row(true[at], predicted[at], interval)
                row |= {} if facts["unit"] == "margin" else {"slope": None}
                rows.append([*named, method, *([kind] if by_kind else []), *(row[key] for key in END)])
        with atomic.replacing(path) as temporary:
            columns = [*START, *(["kind"] if by_kind else []), *END]
            pd.DataFrame(rows, columns=columns).to_csv(temporary, index=False)


job.run(measure_removals, groups="input.groups", alone="input.alone")
