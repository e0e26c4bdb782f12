"""What really happens to test points' margins when points leave the training set: which points leave, who is asked.

Two truths. `fixed`: initial weights, batches and dropout masks are those of the run itself, so that the network of all
points is the run's own and a difference is due to what left. `averaged`: the mean over independent trainings of each
subset, so that it is what the recipe does, not one training of it.
"""

from typing import NamedTuple

import numpy as np

from attribution.files import hdf5
from attribution.files.results.retraining import KEPT, KIND
from attribution.retraining import subsets

KINDS = ("fixed", "averaged")
# streams of subsets, beside those of `subsets` and `smoothness`
JUDGED, FITTED, ATTRIBUTED = 4, 5, 7


class Sets(NamedTuple):
    """`kept` (M, n) bool, True where a point stays; `kind` (M,) text, how the points that leave were drawn."""

    kept: np.ndarray
    kind: np.ndarray


def target_points(m: int, count: int, seed: int) -> np.ndarray:
    """(t,) ascending test indices: `count` drawn at random, all where there are no more."""
    return np.sort(np.random.default_rng((seed, m)).choice(m, min(count, m), replace=False))


def sets(
    name: str, numbers: list[int], x: np.ndarray, y: np.ndarray, settings: dict, found: str | None = None
) -> Sets:  # fmt: skip
    """What is kept in the networks of a shard.

    Args:
        name: `alphaA`, random subsets of share A that judge; `fit-alphaA`, others that datamodels are fitted on;
            `leave-one-out`; `groups`, random and coherent ones, see `subsets.groups`, and those of `found`.
        numbers: first subset and how many, of random subsets. x, y: training points.
        settings: `seed` of the draws, `leave_one_out` the most points that leave alone, and `groups`.
        found: found-groups.h5, groups grown on the run.
    """
    n = len(y)
    if name == "leave-one-out":
        alone = np.random.default_rng((settings["seed"], n)).permutation(n)[: settings["leave_one_out"]]
        kept = np.ones((len(alone), n), dtype=bool)
        kept[np.arange(len(alone)), np.sort(alone)] = False
        return Sets(kept, np.full(len(kept), name))
    if name == "groups":
        drawn = subsets.groups(x, y, **settings["groups"])
        if found is None:
            return Sets(drawn.masks, drawn.kind)
        grown, kind = hdf5.read(found, KEPT, KIND)
        return Sets(np.concatenate([drawn.masks, grown]), np.concatenate([drawn.kind, kind.astype(str)]))
    stream = FITTED if name.startswith("fit-") else JUDGED
    alpha = float(name.removeprefix("fit-").removeprefix("alpha"))
    kept = subsets.random_subsets(n, alpha, *numbers, settings["seed"], stream)
    return Sets(kept, np.full(len(kept), "random"))
