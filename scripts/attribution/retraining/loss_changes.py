"""What files of retrained networks say of each removal; loads no TensorFlow, unlike `retrain`, which writes them."""

import numpy as np

from attribution.files import hdf5
from attribution.files.results.retraining import LOSSES, MASKS


def read(path: str) -> tuple[np.ndarray, np.ndarray]:
    """What a file of `retrain.removals` says of each removal.

    Returns:
        masks (g, n) bool, and losses without the points less losses with them (g, n + m) float64.
    """
    masks, losses = hdf5.read(path, MASKS, LOSSES)
    removed = hdf5.attributes(path)["removals"]
    return masks[:removed], losses[:removed] - losses[removed:]
