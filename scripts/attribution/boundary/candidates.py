"""Which points may join a group that Algorithm 1 grows with a boundary score."""

import numpy as np

from attribution.influence import points as influence
from attribution.numerics import similarity

KINDS = ("all", "class", "embedding", "influence")


def pools(
    kind: str,
    count: int,
    seeds: list[int] | list[list[int]],
    labels: np.ndarray,
    features: np.ndarray,
    residuals: np.ndarray,
    own: np.ndarray,
    solve: influence.Solve,
    excluded: list[int],
    keys: np.ndarray,
) -> list[np.ndarray]:
    """Candidates of each seed's group.

    Args:
        kind: `all`; `class`, of the seed's label; `embedding` or `influence`, the `count` of its label that are most
            similar by cosine of the embedding, or by the cosine of whitened gradients (rule l-relative).
        seeds: indices, or lists of them, of which any label counts and the mean similarity.
        labels: (n,). features, residuals: (n, D), (n, C). own: (n,) self-influence.
        solve: the damped inverse Hessian. excluded: indices that may not join. keys: (n,) order between equals.

    Returns:
        sorted indices for each seed or list of seeds, without them.

    Raises:
        ValueError: for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"candidates are to come from '{kind}'; allowed are {', '.join(KINDS)}")
    starts = [np.atleast_1d(seed) for seed in seeds]
    flat, ends = np.concatenate(starts), np.cumsum([len(start) for start in starts])
    closeness = None
    if kind == "embedding":
        closeness = similarity.cosine(features[:, :-1])(flat)
    if kind == "influence":
        closeness = influence.all_pairs(features[flat], residuals[flat], features, residuals, solve)
        # a gradient of zero has no direction: such points come last
        closeness = np.where(own > 0, closeness / np.sqrt(np.where(own > 0, own, 1.0)), -np.inf)
    found = []
    for start, end in zip(starts, ends, strict=True):
        pool = np.arange(len(labels)) if kind == "all" else np.flatnonzero(np.isin(labels, labels[start]))
        pool = np.setdiff1d(pool, [*start, *excluded])
        if closeness is not None:
            near = closeness[end - len(start) : end].mean(axis=0)
            pool = np.sort(pool[np.lexsort((keys[pool], -near[pool]))][:count])
        found.append(pool)
    return found
