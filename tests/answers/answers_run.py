"""A softmax regression of which all is known, as the files of a run; one label is wrong, and rows are shuffled."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from attribution.data import variants
from attribution.files import hdf5
from attribution.files.results.gradients import (
    FEATURES_TEST,
    FEATURES_TRAIN,
    LOGITS_TEST,
    LOGITS_TRAIN,
    PARAMETERS,
    RESIDUALS_TEST,
    RESIDUALS_TRAIN,
)  # fmt: skip
from attribution.files.results.hessian import CHOLESKY
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM
from attribution.influence import points as influence
from attribution.numerics import hessian, residuals, solvers
from attribution.retraining import convex
from attribution.settings import datasets

NAMES = ["ant", "bee", "cow"]
L2, WRONG = 1e-3, 37
SETTINGS = {"influence.cg": {}, "groups.tie_seed": 0, "inspection.neighbours": 8}


def extended(x):
    return np.column_stack([x, np.ones(len(x))])


@pytest.fixture(scope="package")
def run(tmp_path_factory):
    """Three clouds: 90 of the user's 120 rows, 40 of 60 test rows; the label of row WRONG is wrong."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("answers")
    centres = np.array([[0, 2.0], [-2, -1], [2, -1]])
    source = {}
    for part, n in (("train", 120), ("test", 60)):
        source[f"y_{part}"] = np.arange(n) % 3
        source[f"x_{part}"] = centres[source[f"y_{part}"]] + 0.8 * rng.normal(size=(n, 2))
    source["x_train"][WRONG] = centres[0]
    source["y_train"][WRONG] = 1
    chosen = datasets.DEFAULTS | {"points": 90, "test_points": 40, "seed": 3}
    arrays, facts = variants.make(source, NAMES, chosen, variants.read_pairs(None))
    assert WRONG in arrays["index_train"] and (arrays["index_train"] != np.sort(arrays["index_train"])).any()
    files = {name: str(folder / f"{name}.h5") for name in ("data", "gradients", "hessian", "influence")}
    hdf5.write(files["data"], arrays, facts)
    h, h_test = extended(arrays["x_train"]), extended(arrays["x_test"])
    y = arrays["y_train"]
    weights = convex.fit(h, y, np.zeros((3, 3)), L2)
    r, r_test = residuals.residuals(h @ weights, y), residuals.residuals(h_test @ weights, arrays["y_test"])
    lower = hessian.factor(hessian.hessian_sum(h, h @ weights) / len(h), 2 * L2)
    own, norm = influence.self_influence(h, r, partial(solvers.exact, lower))
    logits = {LOGITS_TRAIN: h @ weights, LOGITS_TEST: h_test @ weights}
    hdf5.write(
        files["gradients"],
        logits
        | {FEATURES_TRAIN: h, FEATURES_TEST: h_test, RESIDUALS_TRAIN: r, RESIDUALS_TEST: r_test}
        | {PARAMETERS: weights.ravel()},
        {},
    )
    hdf5.write(files["hessian"], {CHOLESKY: lower}, {"solver": "exact", "scope": "last_layer"})
    hdf5.write(files["influence"], {SELF_INFLUENCE: own, STEP_NORM: norm}, {})
    return SimpleNamespace(
        folder=folder, files=files, source=source, h=h, h_test=h_test, y=y, y_test=arrays["y_test"], weights=weights,
        index_train=arrays["index_train"], index_test=arrays["index_test"] - 120,
    )  # fmt: skip
