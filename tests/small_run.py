"""A run whose last layer is known, as arrays and as files, and what methods give it."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from attribution.files import hdf5
from attribution.files.results.boundary import INDEX, SCORE
from attribution.files.results.data import INJECTED_PAIRS, SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN, LOGITS_TRAIN, RESIDUALS_TRAIN
from attribution.files.results.hessian import CHOLESKY
from attribution.files.results.influence import SELF_INFLUENCE, STEP_NORM
from attribution.groups import greedy
from attribution.influence import points as influence
from attribution.methods import base, writing
from attribution.methods.run import Run
from attribution.numerics import hessian, residuals, solvers
from attribution.workflow import registry

N, C = 90, 3


def method(name):
    return base.resolve(registry.METHODS[name])


@pytest.fixture(scope="module")
def run():
    """A last layer in which every array that a method reads is known."""
    rng = np.random.default_rng(0)
    h = np.column_stack([rng.normal(size=(N, 5)), np.ones(N)])
    labels = rng.integers(0, C, N)
    logits = h @ rng.normal(size=(6, C))
    r = residuals.residuals(logits, labels)
    lower = hessian.factor(hessian.hessian_sum(h, logits) / N, 1e-3)
    solve = partial(solvers.exact, lower)
    own, norm = influence.self_influence(h, r, solve)
    x = rng.integers(0, 256, (N, 4, 4), dtype=np.uint8)
    found = SimpleNamespace(
        x=x, labels=labels, features=h, embedding=h[:, :-1], residuals=r, logits=logits, own=own, step_norm=norm,
        solve=solve, keys=greedy.tie_keys(x, labels, 0),
        settings={"inspection.neighbours": 6, "boundary.groups.seed": 0}, facts={}, point_weights=None,
    )  # fmt: skip
    found.queried = found
    return found


def write_run(run, folder, pairs=None):
    """The run as files, in the folders of the pipeline."""
    home = folder / "data-set" / "net" / "seed0"
    data = {X_TRAIN: run.x, Y_TRAIN: run.labels, SUBGROUP_TRAIN: run.labels}
    hdf5.write(home.parents[1] / "data.h5", data | ({} if pairs is None else {INJECTED_PAIRS: pairs}), {})
    factors = {FEATURES_TRAIN: run.features, RESIDUALS_TRAIN: run.residuals, LOGITS_TRAIN: run.logits}
    hdf5.write(home / "gradients.h5", factors, {})
    full = hessian.hessian_sum(run.features, run.logits) / N
    hdf5.write(home / "hessian.h5", {CHOLESKY: hessian.factor(full, 1e-3)}, {"solver": "exact"})
    hdf5.write(home / "influence.h5", {SELF_INFLUENCE: run.own, STEP_NORM: run.step_norm}, {})
    found = {INDEX: np.array([3, 5]), SCORE: np.array([1.0, np.nan])}
    hdf5.write(home / "boundary.h5", found, {})
    files = {name: home / f"{name}.h5" for name in ("gradients", "hessian", "influence", "boundary")}
    settings = {"influence.cg": {}, "groups.tie_seed": 0, "inspection.neighbours": 4}
    return Run(files | {"data": home.parents[1] / "data.h5"}, settings)


def asked_files(files, folder, table, chosen, seeds, size, ends):
    """Groups of methods as files, by name."""
    found = {name: folder / table / f"{name}.h5" for name in chosen}
    for name, path in found.items():
        writing.write_groups(name, method(name), files, seeds, {"size": size, "directions": ends}, path, {})
    return found
