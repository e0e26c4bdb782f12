"""Which points may join a group that Algorithm 1 grows with a boundary score."""

import numpy as np

from attribution.influence import points as influence
from attribution.numerics import similarity as similarities

KINDS = ("all", "class", "embedding", "influence")


def pools(
    kind: str,
    count: int,
    seeds: list[int],
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
        seeds: indices. labels: (n,). features, residuals: (n, D), (n, C). own: (n,) self-influence.
        solve: the damped inverse Hessian. excluded: indices that may not join. keys: (n,) order between equals.

    Returns:
        sorted indices for each seed, without the seed.

    Raises:
        ValueError: for an unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"candidates are to come from '{kind}'; allowed are {', '.join(KINDS)}")
    similarity = [None] * len(seeds)
    if kind == "embedding":
        similarity = similarities.cosine_score(features[:, :-1])(np.array(seeds))
    if kind == "influence":
        similarity = influence.all_pairs(features[seeds], residuals[seeds], features, residuals, solve)
        # a gradient of zero has no direction: such points come last
        similarity = np.where(own > 0, similarity / np.sqrt(np.where(own > 0, own, 1.0)), -np.inf)
    found = []
    for seed, near in zip(seeds, similarity, strict=True):
        pool = np.arange(len(labels)) if kind == "all" else np.flatnonzero(labels == labels[seed])
        pool = np.setdiff1d(pool, [seed, *excluded])
        if near is not None:
            pool = np.sort(pool[np.lexsort((keys[pool], -near[pool]))][:count])
        found.append(pool)
    return found
