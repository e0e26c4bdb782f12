"""removal-TRUTH.csv: what happens to losses when parts leave, beside controls of the same number and sizes of parts."""

from attribution.runtime import job

job.begin()

import numpy as np
import pandas as pd

from attribution.evaluation import part_removals as judge
from attribution.files import atomic, hdf5
from attribution.files.results.partition import CHANGES, CHOSEN, LABELS, METHODS, SIZED

COLUMNS = [
    "dataset", "geometry", "model", "truth", "method", "role", "parts", "own_minus_other", "low", "high", "share",
    "sizes_of", "trainings", "median", "worst", "best_control", "gain", "gain_low", "gain_high",
    "chosen",
]  # fmt: skip


def compare_part_removals(
    partitions: list[str],
    removals: list[str],
    runs: list[list],
    geometry: str,
    interval: dict,
    wildcards: dict,
    path: str,
) -> None:
    """Write the table: a row a recipe and method, and beside it its controls with parts of its own sizes.

    Args:
        partitions, removals: partition.h5 and partition-removals-TRUTH.h5 of the (recipe, seed) of `runs`, in their
            order. interval: of the bootstrap, over trainings and their parts.

    The first method that is no control is the default. `gain`: own minus other less that of the best control of
    the same sizes, part by part, those with most points in common paired. `median`, `worst`: over trainings.
    `chosen`: which partition that by retraining is, a training after another.
    """
    rows = []
    for recipe in dict.fromkeys(recipe for recipe, _ in runs):
        files = [pair for (own, _), *pair in zip(runs, partitions, removals, strict=True) if own == recipe]
        rows += _of_recipe(files, [wildcards["truth"], recipe], geometry, interval)
    with atomic.replacing(path) as temporary:
        pd.DataFrame(rows, columns=COLUMNS).to_csv(temporary, index=False)


def _of_recipe(files: list[list[str]], named: list[str], geometry: str, interval: dict) -> list[list]:
    changes, control, chosen = {}, {}, {}
    for divided, left in files:
        with hdf5.file(divided) as labels, hdf5.file(left) as file:
            dataset, methods = file.attrs["dataset"], list(file.attrs[METHODS])
            for name in methods:
                chosen.setdefault(name, []).append(labels[name].attrs.get(CHOSEN))
                control[name] = bool(file[name].attrs["control"])
                changes.setdefault((name, ""), []).append(file[name][CHANGES][()].mean(axis=0))
                for other in file[name].get(SIZED, []):
                    order = judge.matched(labels[name][LABELS][()], labels[name][SIZED][other][()])
                    found = file[name][SIZED][other][CHANGES][()].mean(axis=0)[np.ix_(order, order)]
                    changes.setdefault((other, name), []).append(found)
    own = {key: [judge.own_minus_other(one) for one in found] for key, found in changes.items()}
    default, rows = next(name for name in methods if not control[name]), []
    for (name, of), found in own.items():
        role = "control" if control[name] else "default" if name == default else "method"
        shares = np.mean([judge.share(one) for one in changes[name, of]])
        parts = "/".join(sorted({str(len(one)) for one in found}))
        means = [one.mean() for one in found]
        start = [dataset, geometry, named[1], named[0], name, role, parts, np.mean(means)]
        row = [*start, *judge.interval(found, **interval), shares, of, len(found), np.median(means), min(means)]
        more = _gain(name, found, own, interval) if role != "control" else [None] * 4
        rows.append([*row, *more, "/".join(chosen[name]) if not of and chosen[name][0] else None])
    return rows


def _gain(name: str, found: list[np.ndarray], own: dict, interval: dict) -> list:
    controls = {other: several for (other, of), several in own.items() if of == name}
    best = judge.best(controls)
    more = [mine - theirs for mine, theirs in zip(found, controls[best], strict=True)]
    return [best, np.mean([one.mean() for one in more]), *judge.interval(more, **interval)]


job.run(compare_part_removals)
