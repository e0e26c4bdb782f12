"""What each member of a group added, from the normalised influence that groups.h5 keeps."""

import numpy as np


def influence_on_group(normalised: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Influence of each member on the group before it joined, I(x, G).

    Args:
        normalised: (size,) I(G, G) / |G| after each step. own: (size,) I(x, x) of the members, in that order.

    Returns:
        (size,), 0 for the first member, whose group was empty: half of I(G + x, G + x) - I(G, G) - I(x, x).
    """
    total = normalised * np.arange(1, len(normalised) + 1)
    return (np.diff(total, prepend=0.0) - own) / 2
