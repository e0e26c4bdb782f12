"""A run's results, read when they are first asked for: what methods compute from."""

from functools import cached_property
from pathlib import Path

import numpy as np

from attribution.files import hdf5
from attribution.files.results.boundary import INDEX, SCORE
from attribution.files.results.data import X_TEST, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.gradients import (
    FEATURES_TEST,
    FEATURES_TRAIN,
    LOGITS_TEST,
    LOGITS_TRAIN,
    RESIDUALS_TRAIN,
)
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM, TARGETS
from attribution.files.results.retraining import KEPT, RETRAINED
from attribution.groups import greedy
from attribution.influence import inverse_files
from attribution.influence import points as influence
from attribution.influence.points import Solve
from attribution.numerics.residuals import margin_gradients, residuals
from attribution.training import class_weights

UNTRAINED = "untrained_"
CLASS_WEIGHTS = "class_weights"  # among settings, where the recipe has some


class Run:
    """Arrays of a run; n training points, D extended features, C logits.

    Args:
        files: paths by name: `data`, `gradients`, `hessian`, `influence` (of the last layer), `boundary`, `model`,
            `subsets` (a list, of networks trained on random subsets), `folds` (of networks without each fold).
        settings: by dotted name, see `base.Method.settings`; `influence.cg`, `groups.tie_seed`.
        tested: whether targets are test points, whose margins are asked about; else training points and their losses.
        recipe, seed: of the training, for methods that follow it. work: folder where a method may keep unfinished work.

    `facts`: what a method says of its work, kept as attributes of its scores; `seconds_before` is what its files took
    that it alone needs, and counts among its seconds.
    """

    def __init__(
        self, files: dict, settings: dict | None = None, tested: bool = False, recipe: dict | None = None,
        seed: int = 0, work: Path | None = None,
    ):  # fmt: skip
        self.files, self.settings, self.tested = files, settings or {}, tested
        self.recipe, self.seed, self.work, self.facts = recipe, seed, work, {}

    def slopes(self, logits: np.ndarray, targets: np.ndarray | slice) -> np.ndarray:
        """(t, C) derivative in the targets' logits of what a helpful point lowers: the loss as it counts in the
        objective, or minus a test margin.

        Args:
            logits: (t, C) of the targets, of any network.
        """
        labels = self.queried.labels[targets]
        if self.tested:
            return -margin_gradients(logits, labels)
        return residuals(logits, labels, class_weights.of_members(self.point_weights, targets))

    @cached_property
    def queried(self):
        """What targets are indices into: the training points, or the test points with the same names of arrays."""
        return Tested(self) if self.tested else self

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
    def point_weights(self) -> np.ndarray | None:
        """(n,) weights of the training points in the objective, by their classes; None where all count the same."""
        chosen = self.settings.get(CLASS_WEIGHTS)
        return class_weights.of_labels(self.labels, chosen) if chosen else None

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
        """(n, C), times the weights of the points where there are some."""
        return self._read("gradients", RESIDUALS_TRAIN)[0]

    @cached_property
    def logits(self) -> np.ndarray:
        """(n, C)."""
        return self._read("gradients", LOGITS_TRAIN)[0]

    @cached_property
    def out_of_sample(self) -> np.ndarray:
        """(n, C) logits by networks that were trained without the point."""
        return self._read("folds", LOGITS_TRAIN)[0]

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
    def classes(self) -> int:
        """Number of classes of the data."""
        return len(hdf5.attributes(self.files["data"])["class_names"])

    @cached_property
    def model(self):
        """The trained network."""
        # imported here so that methods of the last layer do not load TensorFlow
        import keras

        return keras.models.load_model(self.files["model"], compile=False)

    def subsets(self, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Networks trained on random subsets: what each kept (M, n) bool, and their margins at test points (M, t).

        Raises:
            ValueError: when the margins of a target were not asked for.
        """
        found = [hdf5.read(path, KEPT, RETRAINED, TARGETS) for path in self.files["subsets"]]
        if not self.tested or not np.array_equal(found[0][2], targets):
            raise ValueError(
                f"networks trained on subsets tell the margins of {len(found[0][2])} test points, and others are asked "
                "for; name another method, or run the truth again"
            )
        kept, margins = (np.concatenate(parts) for parts in zip(*((k, m[0]) for k, m, _ in found), strict=True))
        first = self.settings.get("truth.fitted", {}).get("subsets")
        took = sum(float(hdf5.attributes(path)["seconds"]) for path in self.files["subsets"])
        self.facts["seconds_before"] = took * min(first or len(kept), len(kept)) / len(kept)
        return kept[:first], margins[:first]

    @cached_property
    def boundary(self) -> tuple[np.ndarray, np.ndarray]:
        """(p,) training indices, and (p,) distances to the weights boundary, NaN where none was found."""
        return tuple(self._read("boundary", INDEX, SCORE))


def of_network(files: dict, method: dict, recipes: dict, seed: int) -> Run:
    """The run, or that of its untrained network where the method is asked of that.

    Args:
        files: results of the run, and those of the untrained network with UNTRAINED before their names. method: see
            `workflow.stages.partitions.asked`. recipes: `trained` and `untrained`. seed: of the training.
    """
    own = {key: value for key, value in files.items() if not key.startswith(UNTRAINED)}
    if method["untrained"]:
        own |= {key.removeprefix(UNTRAINED): value for key, value in files.items() if key.startswith(UNTRAINED)}
    return Run(own, method["settings"], recipe=recipes["untrained" if method["untrained"] else "trained"], seed=seed)


class Tested:
    """Test points of a run as targets; m points. A helpful training point raises their margins."""

    def __init__(self, run: Run):
        self._run = run

    @cached_property
    def x(self) -> np.ndarray:
        """(m, ...) samples."""
        return self._run._read("data", X_TEST)[0]

    @cached_property
    def labels(self) -> np.ndarray:
        """(m,) int64."""
        return self._run._read("data", Y_TEST)[0]

    @cached_property
    def features(self) -> np.ndarray:
        """(m, D), the last column 1."""
        return self._run._read("gradients", FEATURES_TEST)[0]

    @property
    def embedding(self) -> np.ndarray:
        """(m, D - 1)."""
        return self.features[:, :-1]

    @cached_property
    def logits(self) -> np.ndarray:
        """(m, C)."""
        return self._run._read("gradients", LOGITS_TEST)[0]

    @cached_property
    def residuals(self) -> np.ndarray:
        """(m, C): minus the derivative of the margin in the logits, in the place of the loss's."""
        return self._run.slopes(self.logits, slice(None))

    @cached_property
    def own(self) -> np.ndarray:
        """(m,) influence of a point on itself with that derivative in the place of the residual."""
        return influence.self_influence(self.features, self.residuals, self._run.solve)[0]
