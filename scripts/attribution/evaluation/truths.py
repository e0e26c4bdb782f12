"""Truths on files, and falls that methods of groups predict, as judges read them."""

from typing import NamedTuple

import numpy as np

from attribution.files import hdf5
from attribution.files.results.influence import TARGETS
from attribution.files.results.retraining import FALLS, KEPT, KIND, RETRAINED, UNTOUCHED


class Truth(NamedTuple):
    """`kept` (M, n); `kind` (M,); `margins` (r, M, t) of repetitions; `untouched` (r, t); `targets` (t,)."""

    kept: np.ndarray
    kind: np.ndarray
    margins: np.ndarray
    untouched: np.ndarray
    targets: np.ndarray


def read(paths: list[str], count: int | None = None) -> Truth:
    """The shards of one truth, one after another, and of them the first `count` subsets."""
    found = [Truth(*hdf5.read(path, KEPT, KIND, RETRAINED, UNTOUCHED, TARGETS)) for path in paths]
    kept = np.concatenate([part.kept for part in found])[:count]
    kind = np.concatenate([part.kind for part in found])[:count].astype(str)
    margins = np.concatenate([part.margins for part in found], axis=1)[:, :count]
    return Truth(kept, kind, margins, found[0].untouched, found[0].targets)


def falls(path: str, truth: Truth) -> np.ndarray:
    """(g, t) falls of margins that a method of groups predicts.

    Raises:
        ValueError: when it was asked about other targets or groups.
    """
    targets, kept, found = hdf5.read(path, TARGETS, KEPT, FALLS)
    if not np.array_equal(targets, truth.targets) or not np.array_equal(kept, truth.kept):
        raise ValueError(
            f"{path} is about other test points or groups than the truth; delete it and run its rule again"
        )
    return found
