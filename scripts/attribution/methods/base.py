"""What a method is, and how its name becomes one."""

import importlib
from typing import Protocol

import numpy as np

from attribution.methods.run import Run
from attribution.workflow.given import GIVEN

FAMILIES = ("influence", "unrolled", "retraining", "distance", "boundary", "chance")


class Method(Protocol):
    """A number for a point, a pair, or a group; what a method cannot give it does not have.

    `family`: one of FAMILIES, for colours. `needs`: files of a run, see `Run`; data.h5 is always there. `settings`:
    dotted names of the settings that it reads. `directions`: the ends of its scores that are of use, `max` alone
    unless it says. `stored`: whether its scores stand in a file already, so that tables give no seconds for them.
    `row`: its name in tables, where it is another one than in the settings.
    `unit`: "margin" where a pair estimates by how much the target's margin falls when the training point leaves; scores
    without it have an order only.
    `signed`: False where pairs are similarities, whose sign says nothing of help or harm.
    `kernel`: whether pairs of training points are inner products of vectors of theirs.
    `needs`, `settings` and `kernel` are literals: the workflow reads them from the text.
    """

    family: str
    needs: tuple[str, ...]
    settings: tuple[str, ...]
    directions: tuple[str, ...]
    stored: bool
    row: str
    unit: str
    signed: bool

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n) float64: row = target, column = training point, positive = helpful."""

    def vectors(self, run: Run):
        """(n, d) vectors, or `partition.source.Factors`, by which a partition tells training points apart; without it
        those of `pairs`, where `kernel` says that of training points they are a symmetric kernel, or else what
        attributions say that each training point does to the test points."""

    def factors(self, run: Run, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(t, k) and (n, k), kept in place of their product `pairs` by a method for which that is much larger."""

    def points(self, run: Run) -> np.ndarray:
        """(n,) float64: larger = more suspicious; of the points of `index` where the method has one."""

    def index(self, run: Run) -> np.ndarray:
        """Training indices, ascending, of `points`."""

    def removals(self, run: Run) -> tuple[np.ndarray, np.ndarray]:
        """(n, n + m) and (g, n + m) predicted changes of losses, see `influence.removals`."""

    def changes(self, layer, groups: list[np.ndarray]) -> np.ndarray:
        """(g, t) the same of any last layer, a `predictions.LastLayer`, and any groups; beside `removals`."""

    def falls(self, run: Run, targets: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """(g, t) predicted falls of the targets' margins when the points outside each row of kept (g, n) leave."""

    def groups(self, run: Run, seeds: list[int], size: int, direction: str = "max") -> list[np.ndarray]:
        """Members of each seed's group, the seed first; without it Algorithm 1 grows them from `pairs`."""

    def draws(self, run: Run, seeds: list[int], size: int, rng: np.random.Generator) -> list[np.ndarray]:
        """The same by chance, for judges that show the spread over many groups from one seed."""


def resolve(text: str) -> Method:
    """The method that a text of the registry, `module:Class`, stands for."""
    module, _, name = text.partition(":")
    return getattr(importlib.import_module(f"attribution.methods.{module}"), name)()


def part(method: Method, name: str, label: str):
    """What the method has under one of the names of GIVEN.

    Raises:
        ValueError: one sentence, when it has no such thing.
    """
    if not hasattr(method, name):
        given = " and ".join(words for key, words in GIVEN.items() if hasattr(method, key))
        raise ValueError(f"method '{label}' gives {given}, but no {GIVEN[name]}; name another method")
    return getattr(method, name)


def directions(method: Method) -> tuple[str, ...]:
    """The ends of a method's scores that are of use."""
    return getattr(method, "directions", ("max",))
