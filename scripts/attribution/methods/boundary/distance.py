"""Distance to the weights boundary."""

import numpy as np

from attribution.methods.run import Run


class Distance:
    """Minus the distance, which is that of the prediction and knows nothing of the label.

    A wrong label that the network has memorised, or could not, lies where it is undecided, so a small distance is the
    suspicious end.
    """

    family = "boundary"
    needs = ("boundary",)
    stored = True

    def index(self, run: Run) -> np.ndarray:
        """(p,) the points whose distance was sought."""
        return run.boundary[0]

    def points(self, run: Run) -> np.ndarray:
        """(p,); a point whose boundary was not found is farther than every other one."""
        return -sought(run)


def sought(run: Run) -> np.ndarray:
    """(p,) distances, infinite where none was found."""
    distance = run.boundary[1]
    return np.where(np.isnan(distance), np.inf, distance)
