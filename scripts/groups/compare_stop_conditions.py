"""stop-conditions.csv of a study, and stop-conditions-judged.csv: each condition against today's, with intervals."""

from attribution.runtime import job

job.begin()

import numpy as np
import pandas as pd

from attribution.evaluation import part_removals as judge
from attribution.files import atomic

RUN = ["dataset", "model", "seed"]
MEASURED = ["precision", "recall", "f1", "share_of_first", "members", "part_size"]
COMPARED = "turn"  # the condition that others are compared with
ALL = "all"  # data sets, or methods that are no controls, together


def compare_stop_conditions(tables: list[str], interval: dict, outputs: list[str]) -> None:
    """Write both tables.

    Args:
        tables: of `measure_stop_conditions`, a training each. interval: of the bootstrap.

    The first has means over the subgroups of a training. The second has means over trainings of F1 and of its gain
    over COMPARED from the same groups, with intervals: trainings are drawn, then their subgroups.
    """
    every = pd.concat([pd.read_csv(table) for table in tables], ignore_index=True)
    named = ["method", "role", "condition"]
    means = every.groupby([*RUN, *named], sort=False)[MEASURED].mean().reset_index()
    together = every[every.role == "method"].groupby([*RUN, "part", "condition"], sort=False)[MEASURED].mean()
    both = pd.concat([every, together.reset_index().assign(method=ALL, role="method")], ignore_index=True)
    rows = []
    for dataset in [*every.dataset.unique(), ALL]:
        of_data = both if dataset == ALL else both[both.dataset == dataset]
        for (method, role), found in of_data.groupby(["method", "role"], sort=False):
            rows += _judged(found, [dataset, method, role], interval)
    columns = ["dataset", "method", "role", "condition", "trainings", "f1", "low", "high", "gain", "gain_low",
               "gain_high", "precision", "recall", "share_of_first", "members_over_part_size"]  # fmt: skip
    for path, table in zip(outputs, (means, pd.DataFrame(rows, columns=columns)), strict=True):
        with atomic.replacing(path) as temporary:
            table.to_csv(temporary, index=False, float_format="%.5g")


def _judged(found: pd.DataFrame, start: list[str], interval: dict) -> list[list]:
    """A row a condition, of one method's groups."""
    scores = {
        condition: [own.set_index("part").f1 for _, own in several.groupby(["dataset", "seed"], sort=False)]
        for condition, several in found.groupby("condition", sort=False)
    }
    rows = []
    for condition, several in scores.items():
        gains = [own - before for own, before in zip(several, scores[COMPARED], strict=True)]
        own = found[found.condition == condition]
        values = [[one.to_numpy() for one in many] for many in (several, gains)]
        judged = [number for many in values for number in (np.mean([one.mean() for one in many]),
                                                           *judge.interval(many, **interval))]  # fmt: skip
        more = [own[name].mean() for name in ("precision", "recall", "share_of_first")]
        rows.append([*start, condition, len(several), *judged, *more, (own.members / own.part_size).mean()])
    return rows


job.run(compare_stop_conditions)
