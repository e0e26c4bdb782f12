"""A run's results, read when they are first asked for: what methods compute from."""

from functools import cached_property

import numpy as np

from attribution.files import hdf5
from attribution.files.results.boundary import INDEX, SCORE
from attribution.files.results.data import X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, LOGITS_TRAIN, RESIDUALS_TRAIN
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM
from attribution.groups import greedy
from attribution.influence import inverse_files
from attribution.influence.points import Solve


class Run:
    """Arrays of a run; n training points, D extended features, C logits.

    Args:
        files: paths by name: `data`, `gradients`, `hessian`, `influence` (of the last layer), `boundary`.
        settings: by dotted name, see `base.Method.settings`; `influence.cg`, `groups.tie_seed`.
    """

    def __init__(self, files: dict, settings: dict | None = None):
        self.files, self.settings = files, settings or {}

    def _read(self, file: str, *arrays: str) -> list[np.ndarray]:
        return hdf5.read(self.files[file], *arrays)

    @cached_property
    def x(self) -> np.ndarray:
        """(n, ...) samples, as they are stored."""
        return self._read("data", X_TRAIN)[0]

    @cached_property
    def labels(self) -> np.ndarray:
        """(n,) int64."""
        return self._read("data", Y_TRAIN)[0]

    @cached_property
    def keys(self) -> np.ndarray:
        """(n,) uint64, order between equal scores."""
        # not `self.x`: nothing else of a group needs the samples, which are large
        return greedy.tie_keys(*self._read("data", X_TRAIN, Y_TRAIN), self.settings["groups.tie_seed"])

    @cached_property
    def features(self) -> np.ndarray:
        """(n, D), the last column 1."""
        return self._read("gradients", FEATURES_TRAIN)[0]

    @property
    def embedding(self) -> np.ndarray:
        """(n, D - 1)."""
        return self.features[:, :-1]

    @cached_property
    def residuals(self) -> np.ndarray:
        """(n, C)."""
        return self._read("gradients", RESIDUALS_TRAIN)[0]

    @cached_property
    def logits(self) -> np.ndarray:
        """(n, C)."""
        return self._read("gradients", LOGITS_TRAIN)[0]

    @cached_property
    def own(self) -> np.ndarray:
        """(n,) self-influence."""
        return self._read("influence", SELF_INFLUENCE)[0]

    @cached_property
    def step_norm(self) -> np.ndarray:
        """(n,) ||H^-1 g||."""
        return self._read("influence", STEP_NORM)[0]

    @cached_property
    def solve(self) -> Solve:
        """(k, b) -> (k, b), the damped inverse Hessian."""
        return inverse_files.open_inverse(self.files, self.settings["influence.cg"])

    @cached_property
    def boundary(self) -> tuple[np.ndarray, np.ndarray]:
        """(p,) training indices, and (p,) distances to the weights boundary, NaN where none was found."""
        return tuple(self._read("boundary", INDEX, SCORE))
