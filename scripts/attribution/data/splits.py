"""Points that are kept out of a training set: the test set of data that come without one, and those held out."""

import numpy as np


def of_test(path, labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """(n,) bool: which points are the test set, the classes in their proportions.

    Args:
        path: for messages. labels: (n,). share: of the points. seed: of the draw.

    Raises:
        ValueError: one sentence, where a class has too few points for both parts.
    """
    return drawn(path, labels, share, seed, "test", "give a test set of its own, or another share")


def drawn(path, labels: np.ndarray, share: float, seed: int, key: str, advice: str) -> np.ndarray:
    """(n,) bool: a share of the points, rounded up, the classes in their proportions; both parts have one of each.

    Args:
        path: for messages, or empty. labels: (n,). share: of the points. seed: of the draw. key: of the setting.
        advice: what to do where a class is too small.

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
            f"{path or 'the training set'} cannot be split with {key}: {share}: class '{values[fewest]}' has "
            f"{counts[fewest]} of {len(labels)} points, and both parts need one of each class; {advice}"
        ) from None
    chosen = np.zeros(len(labels), dtype=bool)
    chosen[rows] = True
    return chosen
