"""Where a growing group turns to another mode: the stop that I(G, G) / |G| does not give."""

import numpy as np

WINDOW = 16  # members on either side whose median cosines are compared: more than a run of outliers has
DROP = 0.1  # least fall of the median that counts


def turning_point(cosine: np.ndarray, window: int = WINDOW, drop: float = DROP) -> int:
    """Size of the group just before its new members first turn away from it.

    The report takes the maximum of I(G, G) / |G| (section 4.1.3); that maximum depends on a few members of large
    gradient. The cosine of each new member with the sum of its predecessors at unit length does not: it falls when one
    mode is exhausted.

    Args:
        cosine: (size,) from `greedy.Group`. window, drop: see above; chosen on training seeds 0 to 4 of the toy study.

    Returns:
        the first size t at which the median cosine of the `window` members after t is lower by `drop` or more than that
        of the `window` members before it, moved to where the mean falls most sharply within the next `window` (medians
        ignore outliers, but fall over a whole stretch alike); len(cosine) when there is no such fall.
    """
    if len(cosine) < 2 * window:
        return len(cosine)
    windows = np.lib.stride_tricks.sliding_window_view(np.clip(cosine, 0, 1), window)
    median, mean = np.median(windows, axis=1), windows.mean(axis=1)
    found = np.flatnonzero(median[:-window] - median[window:] >= drop)
    if not len(found):
        return len(cosine)
    first = found[0]
    sharpest = np.argmax((mean[:-window] - mean[window:])[first : first + window + 1])
    return int(window + first + sharpest)
