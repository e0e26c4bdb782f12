"""Files of a small run, and groups grown from it, for tables of group boundaries."""

import numpy as np
import pytest

from attribution.files import hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, PARAMETERS, RESIDUALS_TRAIN
from attribution.files.results.hessian import CHOLESKY, HESSIAN
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM
from attribution.influence import inverse
from attribution.influence import points as influence
from attribution.methods import base, targets, writing
from attribution.methods.run import Run
from attribution.numerics import hessian, residuals
from attribution.workflow import registry

METHODS = ["l-relative", "theta-relative", "influence", "embedding-cosine", "random-class"]
CG = {"tolerance": 1e-8, "max_iterations": 100}


TRAINING = {
    "optimizer": "adam", "learning_rate": 0.05, "momentum": 0.0, "epochs": 4,
    "schedule": [{"epoch": 2, "factor": 0.5}],
}  # fmt: skip


GROUPS = {
    "forms": ["exact", "mean", "universal", "simple"], "sizes": [3, 6], "draws": 2, "shown": [],
    "max_steps": 50, "passes": 50, "orders": 2, "nodes": 100, "max_norm": 100.0, "simple": "label", "seed": 0,
}  # fmt: skip


@pytest.fixture
def study(tmp_path):
    """Two classes of two clusters each, in the features of a fitted last layer; files as the pipeline writes them."""
    rng = np.random.default_rng(0)
    subgroup = rng.permutation(np.repeat([0, 1, 2, 3], 20))
    centres = np.array([[3.0, 0, 0.5], [0, 3.0, 0.5], [-3.0, 0, 0.5], [0, -3.0, 0.5]])
    x = centres[subgroup] + 0.5 * rng.normal(size=(80, 3))
    y = subgroup // 2
    features = np.column_stack([x, np.ones(80)])
    weights = rng.normal(size=(4, 2)) * 0.1
    for _ in range(200):
        p = residuals.probabilities(features @ weights)
        weights -= 0.05 * features.T @ (p - np.eye(2)[y]) / 80
    logits = features @ weights
    r = residuals.residuals(logits, y)
    full = hessian.hessian_sum(features, logits) / 80
    factor = hessian.factor(full, 1e-3)
    files = {name: str(tmp_path / f"{name}.h5") for name in ("data", "gradients", "hessian", "influence")}
    common = {"class_names": ["low", "high"], "dataset": "four", "solver": "exact", "scope": "last_layer"}
    hdf5.write(files["data"], {X_TRAIN: x, Y_TRAIN: y, SUBGROUP_TRAIN: subgroup}, common)
    hdf5.write(files["gradients"], {FEATURES_TRAIN: features, RESIDUALS_TRAIN: r,
                                  PARAMETERS: weights.ravel()}, common)  # fmt: skip
    hdf5.write(files["hessian"], {HESSIAN: full, CHOLESKY: factor}, common | {"damping": 1e-3})
    own, step = influence.self_influence(features, r, inverse.from_factor(files["hessian"]))
    hdf5.write(files["influence"], {SELF_INFLUENCE: own, STEP_NORM: step}, common)
    return files


def grown(files, folder, forms, size, points):
    """Groups of every method of boundary_overlap.csv, as files in a folder."""
    config = {"boundary": {"groups": GROUPS, "greedy": {"forms": forms}}, "influence": {"cg": CG}}
    seeds, found = targets.seeds(files["data"], {"injected": "first", "seeds": points}, []), {}
    for name in (*METHODS, *(f"boundary-{form}" for form in forms)):
        settings = registry.settings_of(name, config, TRAINING) | {"groups.tie_seed": 0}
        found[name] = folder / "scores" / f"{name}.h5"
        method, asked = base.resolve(registry.METHODS[name]), {"size": size, "directions": ["max"]}
        writing.write_groups(name, method, Run(files, settings), seeds, asked, found[name], {})
    return found
