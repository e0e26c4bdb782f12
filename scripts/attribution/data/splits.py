"""A test set drawn from data that come without one."""

import numpy as np


def of_test(path, labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """(n,) bool: which points are the test set, the classes in their proportions.

    Args:
        path: for messages. labels: (n,). share: of the points. seed: of the draw.

    Raises:
        ValueError: one sentence, where a class has too few points for both parts.
    """
    from sklearn.model_selection import train_test_split

    values, counts = np.unique(labels.astype(str), return_counts=True)
    fewest = int(np.argmin(counts))
    try:
        _, rows = train_test_split(np.arange(len(labels)), test_size=share, random_state=seed, stratify=labels)
    except ValueError:
        raise ValueError(
            f"{path} cannot be split with test: {share}: class '{values[fewest]}' has {counts[fewest]} of "
            f"{len(labels)} points, and both parts need one of each class; give a test set of its own, or another share"
        ) from None
    chosen = np.zeros(len(labels), dtype=bool)
    chosen[rows] = True
    return chosen
