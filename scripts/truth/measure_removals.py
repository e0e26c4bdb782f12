"""judges/leave-one-out- and group-removals-TRUTH-EXTENT.csv: falls of margins when points and groups leave."""

from attribution.runtime import job

job.begin()

from collections.abc import Iterator

import numpy as np
import pandas as pd

from attribution.evaluation import removals, truths
from attribution.files import atomic
from attribution.methods import scores

START = ["dataset", "model", "truth", "method"]
END = ["slope", "pearson", "spearman", "low", "high"]
SLOPE = ["slope_low", "slope_high"]
CENTRED = ["centred", "centred_low", "centred_high"]
SIZE = "group-size"


def measure_removals(
    wildcards: dict, alone: str, groups: str, attributions: list[str], methods: list[str], predicted: list[str],
    of_groups: list[str], interval: dict, outputs: list[str],
) -> None:  # fmt: skip
    """Write both tables, a row a method, of groups also for each way in which they were drawn.

    Args:
        alone, groups: truths. attributions: files of `methods`, which are summed over a group. predicted: falls by
            `of_groups`, methods of whole groups. interval: `resamples`, `level`, `seed`.

    `low` and `high` are of the rank correlation, `slope_low` and `slope_high` of the slope; all three of the slope are
    empty where a method's scores have an order only. Of groups, `centred` is the rank correlation once each
    target's mean attribution is taken out: the loss is a mean over the points that stay, so that the same number added
    to all attributions moves nothing, but groups of many sizes are ranked by it. Method `group-size`, how many leave,
    is the control of that.
    """
    named = [wildcards["dataset"], wildcards["model"], wildcards["truth"]]
    for truth, path, by_kind in ((alone, outputs[0], False), (groups, outputs[1], True)):
        found = truths.read([truth] if isinstance(truth, str) else truth)
        # the fall of the margin; of several trainings their mean
        true, rows = (found.untouched[:, None] - found.margins).mean(axis=0), []
        for method, falls, centred, scaled in _predictions(found, methods, attributions, of_groups, predicted, by_kind):
            for kind in sorted(set(found.kind)) if by_kind else [""]:
                at = found.kind == kind if by_kind else slice(None)
                row = removals.row(true[at], falls[at], interval) | ({} if scaled else dict.fromkeys(["slope", *SLOPE]))
                row = dict(zip(START, [*named, method], strict=True)) | ({"kind": kind} if by_kind else {}) | row
                if by_kind:
                    again = {} if centred is None else removals.row(true[at], centred[at], interval)
                    row |= dict(zip(CENTRED, map(again.get, ("spearman", "low", "high")), strict=True))
                rows.append(row)
        with atomic.replacing(path) as temporary:
            columns = [*START, *(["kind"] if by_kind else []), *END, *(CENTRED if by_kind else []), *SLOPE]
            pd.DataFrame(rows, columns=columns).to_csv(temporary, index=False)


def _predictions(found: truths.Truth, methods, attributions, of_groups, predicted, by_kind: bool) -> Iterator[tuple]:
    """Name, falls (g, t), those of attributions less their mean or None, and whether they are on the margin's scale."""
    left = (~found.kept).astype(float)
    for method, file in zip(methods, attributions, strict=True):
        pairs, facts = scores.attribution(file, found.targets)
        centred = left @ (pairs - pairs.mean(axis=1, keepdims=True)).T
        yield method, left @ pairs.T, centred, facts["unit"] == "margin"
    for method, file in zip(of_groups, predicted, strict=True) if by_kind else []:
        yield method, truths.falls(file, found), None, True
    if by_kind:
        yield SIZE, np.repeat(left.sum(axis=1, keepdims=True), len(found.targets), axis=1), None, False


job.run(measure_removals, groups="input.groups", alone="input.alone")
