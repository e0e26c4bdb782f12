"""TRAK (Park et al. 2023), of all layers; the number of models follows in the name, as in trak-10."""

import numpy as np

from attribution.influence import margin_gradients, projections, trak
from attribution.methods.run import Run
from attribution.networks import precision


class Trak:
    """Newton's step on the network linearised in its margins, with gradients as they are or projected."""

    family = "influence"
    needs = ("data", "gradients", "model")
    settings = ("trak", "influence.batch_size", "influence.matrix_gb")

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n).

        Raises:
            ValueError: without a projection, when the kernel of all training points is larger than influence.matrix_gb.
        """
        chosen, batch = run.settings["trak"], run.settings["influence.batch_size"]
        x, asked = (precision.as_taken(run.model, samples) for samples in (run.x, run.queried.x[targets]))
        of_asked = run.queried.labels[targets]
        root, uncertain = weighted(run)
        if chosen["projection"] == "none":
            refuse_large_kernel(len(x), len(asked), run.settings["influence.matrix_gb"])
            network, both = margin_gradients.network(run.model, x), np.concatenate([x, asked])
            kernel, _ = trak.kernel(network, both, np.concatenate([run.labels, of_asked]), len(x), batch)
            return trak.of_kernel(scaled(kernel, root), uncertain, chosen["ridge"])
        network, drawn = _projected(run, x)
        phi, of_targets = (
            projections.features(network, *samples, drawn, batch)[0] for samples in ((x, run.labels), (asked, of_asked))
        )
        if root is not None:
            phi *= root[:, None]
        return trak.of_features(phi, of_targets, uncertain, chosen["ridge"])

    def points(self, run: Run) -> np.ndarray:
        """(n,) what each point's own loss owes to it; raises as `pairs`."""
        chosen, batch = run.settings["trak"], run.settings["influence.batch_size"]
        x, (root, uncertain) = precision.as_taken(run.model, run.x), weighted(run)
        if chosen["projection"] == "none":
            refuse_large_kernel(len(x), 0, run.settings["influence.matrix_gb"])
            kernel, _ = trak.kernel(margin_gradients.network(run.model, x), x, run.labels, len(x), batch)
            return trak.itself(scaled(kernel, root), uncertain, chosen["ridge"])
        network, drawn = _projected(run, x)
        phi, _ = projections.features(network, x, run.labels, drawn, batch)
        if root is not None:
            phi *= root[:, None]
        return trak.itself_of_features(phi, uncertain, chosen["ridge"])


def weighted(run: Run) -> tuple[np.ndarray | None, np.ndarray]:
    """(n,) roots of the points' weights w in the objective, by which their features count, and (n,) sqrt(w) (1 - p).

    Without weights no roots, as a pass over all pairs would change nothing.

    So Phi^T Phi is the sum of w phi phi^T, as the Gram matrix of a sum of weighted losses, and a score has w (1 - p).
    """
    uncertain = trak.uncertainty(run.logits, run.labels)
    if run.point_weights is None:
        return None, uncertain
    root = np.sqrt(run.point_weights)
    return root, root * uncertain


def scaled(kernel: np.ndarray, root: np.ndarray | None) -> np.ndarray:
    """The kernel (n, n), or with rows of targets below (n + t, n), of features times their roots; in place."""
    if root is not None:
        kernel[: len(root)] *= root[:, None]
        kernel *= root
    return kernel


def _projected(run: Run, x: np.ndarray) -> tuple:
    """The network, and its random matrices, a list a block."""
    chosen, network = run.settings["trak"], margin_gradients.network(run.model, x)
    return network, [
        projections.matrices(network.parts, chosen["projection"], [chosen["seed"], run.seed, block])
        for block in range(chosen["blocks"])
    ]


def refuse_large_kernel(n: int, t: int, limit: float) -> None:
    """Raise ValueError when the kernel of n training points and t targets is larger than `limit` gigabytes."""
    size = 8 * n * (n + t) / 1e9
    if size > limit:
        raise ValueError(
            f"trak.projection is none, which needs a kernel of {n + t} x {n} numbers, {size:.3g} GB, and "
            f"influence.matrix_gb allows {limit:g}; set trak.projection to a number such as 2048, or raise "
            "influence.matrix_gb"
        )
