"""Random other points of the seed's class."""

import numpy as np

from attribution.methods.run import Run


class RandomClass:
    """What the label alone gives."""

    family = "chance"
    needs = ("data",)
    settings = ("boundary.groups.seed",)

    def groups(self, run: Run, seeds: list[int], size: int, direction: str = "max") -> list[np.ndarray]:
        """Each seed with others of its class, drawn one seed after another; fewer than `size` in a small class."""
        rng = np.random.default_rng(run.settings["boundary.groups.seed"])
        return [np.append(seed, of_class(run.labels, seed, size - 1, rng)) for seed in seeds]

    def draws(self, run: Run, seeds: list[int], size: int, rng: np.random.Generator) -> list[np.ndarray]:
        """The same from a given generator, for a seed that comes as often as groups of it are wanted."""
        others = {seed: np.setdiff1d(np.flatnonzero(run.labels == run.labels[seed]), seed) for seed in set(seeds)}
        return [np.append(seed, rng.permutation(others[seed]))[:size] for seed in seeds]


def of_class(y: np.ndarray, seed: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random other points of the seed's class, all of them where the class has no more."""
    others = np.setdiff1d(np.flatnonzero(y == y[seed]), seed)
    return rng.choice(others, min(count, len(others)), replace=False)
