"""Datamodels (Ilyas et al. 2022): linear fits of a network's margins on the mask of its training subset."""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV
from sklearn.metrics import adjusted_rand_score

from attribution.influence import points as influence
from attribution.numerics.residuals import margin_gradients, margins

# `shuffled` breaks the link between subset and margin: whatever it still shows is not in the data.
ESTIMATORS = ("retrain", "influence", "influence-re-evaluated", "shuffled")


def fit(masks: np.ndarray, outputs: np.ndarray, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ridge regression of each target's output on the mask, its penalty chosen by leave-one-out validation.

    Args:
        masks: (k, n) bool. outputs: (k, t). penalties: candidates, positive.

    Returns:
        weights (t, n), intercept (t,), penalty (t,), float64.
    """
    model = RidgeCV(alphas=penalties, alpha_per_target=True).fit(masks.astype(np.float64), outputs)
    return model.coef_, model.intercept_, model.alpha_


def predict(weights: np.ndarray, intercept: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """(k, t) outputs that a datamodel predicts for (k, n) masks."""
    return masks @ weights.T + intercept


def around(
    tau: np.ndarray, kept: np.ndarray, margins: np.ndarray, penalties: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Attributions a tau + w of a datamodel around others, tau, and the factor a of each target.

    With m a subset, margin(m) = c + a (m . tau) + m . w: per target a by least squares, then w by ridge on the
    residual. Where tau is right w is small, and few subsets suffice; where it is noise a is near 0.

    Args:
        tau: (t, n). kept: (M, n) bool. margins: (M, t). penalties: candidates of the ridge.

    Returns:
        (t, n), (t,).
    """
    predicted = kept.astype(np.float64) @ tau.T
    moved = predicted - predicted.mean(axis=0)
    size = (moved**2).sum(axis=0)
    share = np.divide(
        (moved * (margins - margins.mean(axis=0))).sum(axis=0), size, out=np.zeros(len(size)), where=size > 0
    )
    weights, _, _ = fit(kept, margins - predicted * share, penalties)
    return share[:, None] * tau + weights, share


def moved_parameters(
    features: np.ndarray, residuals: np.ndarray, decay_gradient: np.ndarray, solve: influence.Solve, masks: np.ndarray,
    chunk: int = 1024,
) -> np.ndarray:  # fmt: skip
    """Steps of the last layer when everything outside each subset leaves: (1/n) H^-1 sum_{i not in S} g_i.

    Args:
        features, residuals: (n, D), (n, C). decay_gradient: (k,), which leaves in each point's share.
        solve: the damped inverse Hessian. masks: (M, n). chunk: points whose gradients exist at a time.

    Returns:
        (M, k) float64.
    """
    out = (~masks).astype(np.float64)
    total = np.outer(out.sum(axis=1), decay_gradient)
    for start in range(0, len(features), chunk):
        part = slice(start, start + chunk)
        total += out[:, part] @ influence.gradients(features[part], residuals[part])
    return solve(total.T).T / len(features)


def approximate_margins(
    target_features: np.ndarray, target_labels: np.ndarray, weights: np.ndarray, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Margins of the targets at moved last layers, linearised and re-evaluated.

    Args:
        target_features: (t, D). target_labels: (t,). weights: (D, C). steps: (M, D C).

    Returns:
        linearised (M, t), re-evaluated (M, t).
    """
    logits = target_features @ weights
    slope = margin_gradients(logits, target_labels)
    linear = margins(logits, target_labels) + influence.scores(target_features, slope, steps.T).T
    moved = np.stack([margins(logits + target_features @ step.reshape(weights.shape), target_labels) for step in steps])
    return linear, moved


def embedding(weights: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal components of the datamodels of several targets.

    Args:
        weights: (t, n), one row a target.

    Returns:
        coordinates (t, components), and the share of variance of each (components,). The sign of a component is such
        that its largest coordinate is positive.
    """
    pca = PCA(n_components=min(components, *weights.shape), svd_solver="full")
    found = pca.fit_transform(weights)
    found *= np.sign(found[np.abs(found).argmax(axis=0), np.arange(found.shape[1])])
    return found, pca.explained_variance_ratio_


def divided_class(labels: np.ndarray, subgroup: np.ndarray) -> np.ndarray:
    """(n,) bool: the points of the class that has most subgroups."""
    return labels == max(np.unique(labels), key=lambda c: len(np.unique(subgroup[labels == c])))


def separation(points: np.ndarray, subgroup: np.ndarray, seed: int = 0) -> float:
    """Adjusted Rand index of k-means, with as many clusters as there are subgroups, against the subgroups."""
    labels = KMeans(len(np.unique(subgroup)), n_init=10, random_state=seed).fit_predict(points)
    return float(adjusted_rand_score(subgroup, labels))
