"""Datamodels by LASSO."""

import warnings

import numpy as np

from attribution.methods.run import Run

FOLDS = 5
CANDIDATES = 20  # penalties of the path
TOLERANCE = 1e-4  # share of the margins' squares at which a fit's duality gap is small enough


class Lasso:
    """Sparse weights of a linear model of the target's margin in the subset trained on (Ilyas et al. 2022).

    The penalty of each target is chosen by cross-validation over subsets. Coordinate descent goes through the points in
    their order and stops at TOLERANCE, so that in another order they have other scores by about that share.
    """

    family = "retraining"
    needs = ("data", "subsets")
    unit = "margin"

    def pairs(self, run: Run, targets: np.ndarray) -> np.ndarray:
        """(t, n), positive = helpful."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LassoCV

        kept, margins = run.subsets(targets)
        model = LassoCV(alphas=CANDIDATES, cv=FOLDS, max_iter=5000, tol=TOLERANCE)
        found = np.empty((len(targets), kept.shape[1]))
        with warnings.catch_warnings():
            # a path's smallest penalties, which are not chosen
            warnings.simplefilter("ignore", ConvergenceWarning)
            for row, values in zip(found, margins.T, strict=True):
                row[:] = model.fit(kept.astype(np.float64), values).coef_
        run.facts |= {"subsets": len(kept), "chosen": float((found != 0).mean())}
        return found
