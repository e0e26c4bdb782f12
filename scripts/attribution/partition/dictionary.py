"""An overlapping form: points as sparse mixtures of atoms, learned on codes of the vectors (Gradient Atoms' form)."""

import numpy as np


def atoms(code: np.ndarray, count: int, penalty: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Atoms and what each point takes of them, neither of them negative nor many: scikit-learn's dictionary learning.

    Args:
        code: (n, p) principal components, see `pca.code`. count: of atoms. penalty: of the sum of a point's weights, in
            units of the codes' mean length. seed: of the order of the points.

    Returns:
        dictionary (count, p) of atoms of length 1 or less, weights (n, count) >= 0, most of them 0.
    """
    # a second to import, and seldom needed
    from sklearn.decomposition import MiniBatchDictionaryLearning

    scale = np.linalg.norm(code, axis=1).mean()
    learner = MiniBatchDictionaryLearning(
        n_components=count, alpha=penalty, transform_algorithm="lasso_cd", transform_alpha=penalty, positive_code=True,
        fit_algorithm="cd", random_state=seed, max_iter=200,
    )  # fmt: skip
    weights = learner.fit_transform(code / scale)
    return learner.components_ * scale, weights
