"""How well a partition finds known subgroups, and how alike two partitions are."""

import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix


def against_subgroups(labels: np.ndarray, subgroups: np.ndarray, classes: np.ndarray) -> dict[str, float]:
    """Agreement with known subgroups, all arguments (n,).

    Returns:
        `ari`, adjusted Rand index, 0 in expectation by chance; `ari_within`, its mean over classes of several
        subgroups, by their numbers of points, each class alone: what is found beyond the classes; NaN where every
        class is one subgroup; `nmi`, mutual information over the mean entropy; `purity`, share of points in their
        part's largest subgroup.
    """
    within, weights = [], []
    for name in np.unique(classes):
        own = classes == name
        if len(np.unique(subgroups[own])) > 1:
            within.append(adjusted_rand_score(subgroups[own], labels[own]))
            weights.append(own.sum())
    return {
        "ari": adjusted_rand_score(subgroups, labels),
        "ari_within": float(np.average(within, weights=weights)) if within else np.nan,
        "nmi": normalized_mutual_info_score(subgroups, labels),
        "purity": contingency_matrix(subgroups, labels).max(axis=0).sum() / len(labels),
    }


def between_networks(one: dict[int, np.ndarray], other: dict[int, np.ndarray]) -> np.ndarray:
    """(seeds,) adjusted Rand index of the partitions of two networks from the same training seed, of seeds of both.

    Args:
        one, other: training seed -> labels (n,).
    """
    return np.array([adjusted_rand_score(labels, other[seed]) for seed, labels in one.items() if seed in other])


def stability(partitions: list[np.ndarray]) -> np.ndarray:
    """(pairs,) adjusted Rand index of each two partitions of the same points."""
    return np.array([
        adjusted_rand_score(one, other) for i, one in enumerate(partitions) for other in partitions[i + 1 :]
    ])  # fmt: skip
