"""TRAK (Park et al. 2023), of all layers; the number of models follows in the name, as in trak-10."""

import numpy as np

from attribution.influence import margin_gradients, projections, trak
from attribution.methods.run import Run
from attribution.networks import precision


class Trak:
    """Newton's step on the network linearised in its margins, with gradients as they are or projected."""

    family = "influence"
    needs = ("data", "gradients", "model")
    settings = (
        "trak.projection", "trak.blocks", "trak.ridge", "trak.seed", "influence.batch_size", "influence.matrix_gb",
    )  # fmt: skip

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n); raises as `pairs_of`."""
        return pairs_of(run, run.model, targets, run.logits)

    def points(self, run: Run) -> np.ndarray:
        """(n,) what each point's own loss owes to it; raises as `pairs_of`."""
        return points_of(run, run.model, run.logits)


def pairs_of(
    run: Run, model, targets: np.ndarray, logits: np.ndarray | None = None, number: int = 0
) -> np.ndarray:  # fmt: skip
    """(t, n) scores by any network of the run's architecture.

    Args:
        model: the network. logits: (n, C) of the training points, where they are known. number: of the network among
            several, each of which has projections of its own.

    Raises:
        ValueError: without a projection, when the kernel of all training points is larger than influence.matrix_gb.
    """
    projection, ridge, batch = (run.settings[key] for key in ("trak.projection", "trak.ridge", "influence.batch_size"))
    x, asked = (precision.as_taken(model, samples) for samples in (run.x, run.queried.x[targets]))
    of_asked = run.queried.labels[targets]
    if projection == "none":
        refuse_large_kernel(len(x), len(asked), run.settings["influence.matrix_gb"])
        network, both = margin_gradients.network(model, x), np.concatenate([x, asked])
        kernel, found = trak.kernel(network, both, np.concatenate([run.labels, of_asked]), len(x), batch)
        root, uncertain = weighted(run, found[: len(x)] if logits is None else logits)
        return trak.of_kernel(scaled(kernel, root), uncertain, ridge)
    network, drawn = _projected(run, model, x, number)
    (phi, found), (of_targets, _) = (
        projections.features(network, *samples, drawn, batch) for samples in ((x, run.labels), (asked, of_asked))
    )
    root, uncertain = weighted(run, found if logits is None else logits)
    if root is not None:
        phi *= root[:, None]
    return trak.of_features(phi, of_targets, uncertain, ridge)


def points_of(run: Run, model, logits: np.ndarray | None = None, number: int = 0) -> np.ndarray:
    """(n,) the same of each point's own loss; arguments as there."""
    projection, ridge, batch = (run.settings[key] for key in ("trak.projection", "trak.ridge", "influence.batch_size"))
    x = precision.as_taken(model, run.x)
    if projection == "none":
        refuse_large_kernel(len(x), 0, run.settings["influence.matrix_gb"])
        kernel, found = trak.kernel(margin_gradients.network(model, x), x, run.labels, len(x), batch)
        root, uncertain = weighted(run, found if logits is None else logits)
        return trak.itself(scaled(kernel, root), uncertain, ridge)
    network, drawn = _projected(run, model, x, number)
    phi, found = projections.features(network, x, run.labels, drawn, batch)
    root, uncertain = weighted(run, found if logits is None else logits)
    if root is not None:
        phi *= root[:, None]
    return trak.itself_of_features(phi, uncertain, ridge)


def weighted(run: Run, logits: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """(n,) roots of the points' weights w in the objective, by which their features count, and (n,) sqrt(w) (1 - p).

    Without weights no roots, as a pass over all pairs would change nothing.

    So Phi^T Phi is the sum of w phi phi^T, as the Gram matrix of a sum of weighted losses, and a score has w (1 - p).
    """
    uncertain = trak.uncertainty(logits, run.labels)
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


def _projected(run: Run, model, x: np.ndarray, number: int) -> tuple:
    """The network, and its random matrices, a list a block."""
    size, seed, blocks = (run.settings[f"trak.{key}"] for key in ("projection", "seed", "blocks"))
    network = margin_gradients.network(model, x)
    return network, [
        projections.matrices(network.parts, size, [seed, run.seed, block])
        for block in range(number * blocks, (number + 1) * blocks)
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
