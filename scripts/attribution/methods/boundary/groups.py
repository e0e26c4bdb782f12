"""Groups by weights boundary: Algorithm 1 with a boundary score, in the last layer."""

import numpy as np

from attribution.boundary import candidates, grow, score
from attribution.methods.run import Run


class Exact:
    """The smallest move of the weights that changes every member's prediction."""

    family = "boundary"
    needs = ("data", "gradients", "hessian", "influence")
    settings = ("boundary.groups", "boundary.greedy.forms.exact", "training")
    form = "exact"

    def groups(self, run: Run, seeds: list[int], size: int, direction: str = "max") -> list[np.ndarray]:
        """Members of each seed's group; fewer than `size` where no candidate is solved or left."""
        chosen, form = run.settings[f"boundary.greedy.forms.{self.form}"], self.form
        features, weights = score.last_layer(run.files["gradients"])
        sections = {"groups": run.settings["boundary.groups"]}
        scored = score.scorer(run.files, "last_layer", features, weights, sections, run.settings["training"])
        pools = candidates.pools(
            chosen["from"], chosen["count"], seeds, run.labels, features, run.residuals, run.own, run.solve, [],
            run.keys,
        )  # fmt: skip
        found = grow.grow(
            lambda members: scored(members, form), [[seed] for seed in seeds], pools, size, form, run.keys, features,
            weights,
        )  # fmt: skip
        return [np.asarray(group.members) for group in found]


class Mean(Exact):
    """The move that changes the prediction of the members' mean."""

    settings = ("boundary.groups", "boundary.greedy.forms.mean", "training")
    form = "mean"


class Batch(Exact):
    """DeepFool on all members at once."""

    settings = ("boundary.groups", "boundary.greedy.forms.batch", "training")
    form = "batch"


class Universal(Exact):
    """DeepFool on one member after another."""

    settings = ("boundary.groups", "boundary.greedy.forms.universal", "training")
    form = "universal"


class Simple(Exact):
    """Gradient ascent on the members' loss."""

    settings = ("boundary.groups", "boundary.greedy.forms.simple", "training")
    form = "simple"
