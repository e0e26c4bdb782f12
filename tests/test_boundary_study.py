"""Tables of group boundaries: what is drawn, what is found, and that noise finds nothing."""

import numpy as np
import pandas as pd
import pytest

import compare_boundary_groups
import measure_group_boundary
from attribution.files import hdf5
from attribution.files.results.data import INJECTED_PAIRS, SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
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
    "max_steps": 50, "passes": 50, "orders": 2, "max_norm": 100.0, "seed": 0,
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


def test_table_of_random_groups_and_clusters(study, tmp_path):
    path = tmp_path / "group_boundary.csv"
    measure_group_boundary.measure_group_boundary(study, "last_layer", {"groups": GROUPS}, TRAINING, str(path))
    table = pd.read_csv(path)
    assert len(table) == 2 * 2 * 2 * 2 * 4 and set(table["class"]) == {"low", "high"}
    assert table.score.notna().equals(table.solved)
    wide = table.pivot_table(index=["kind", "class", "size", "draw"], columns="form", values="score", dropna=False)
    assert wide.exact.notna().all()
    assert (wide.universal >= wide.exact * 0.99).all() and (wide["mean"] <= wide.exact * (1 + 1e-9)).all()
    assert table[table.form == "simple"].solved.any()
    with pytest.raises(ValueError, match=r"boundary\.groups\.sizes holds 99, but class 0 has 40 points"):
        measure_group_boundary.measure_group_boundary(
            study, "last_layer", {"groups": GROUPS | {"sizes": [99]}}, TRAINING, str(path)
        )
    assert len(pd.read_csv(path)) == len(table)


def test_clusters_are_neighbours_of_the_random_groups_first_point(study):
    features, y = hdf5.read(study["gradients"], FEATURES_TRAIN)[0], hdf5.read(study["data"], Y_TRAIN)[0]
    facts, groups = measure_group_boundary.draw(features, y, np.arange(80).astype(np.uint64), GROUPS)
    for (_, row), group in zip(facts.iterrows(), groups, strict=True):
        assert len(set(group)) == row["size"] == len(group) and (y[group] == row["class"]).all()
    for random, cluster in zip(groups[::2], groups[1::2], strict=True):
        assert random[0] == cluster[0]
        unit = features[:, :-1] / np.linalg.norm(features[:, :-1], axis=1, keepdims=True)
        outside = np.setdiff1d(np.flatnonzero(y == y[cluster[0]]), cluster)
        assert (unit[cluster] @ unit[cluster[0]]).min() >= (unit[outside] @ unit[cluster[0]]).max()


FORMS = {
    "exact": {"from": "all", "count": 0}, "mean": {"from": "class", "count": 0},
    "simple": {"from": "influence", "count": 15},
}  # fmt: skip


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


def compare(files, path):
    found = grown(files, path.parent, FORMS, 6, [{"each_class": 4, "seed": 0}])
    compare_boundary_groups.compare_boundary_groups(files["data"], found, 6, path)
    return pd.read_csv(path).pivot_table(index="method", columns="metric", values="value")


def test_comparison_of_groups_and_that_shuffled_subgroups_give_chance(study, tmp_path):
    found = compare(study, tmp_path / "boundary_overlap.csv")
    assert {"l-relative", "embedding-cosine", "random-class", "boundary-exact", "boundary-simple"} <= set(found.index)
    assert found.same_subgroup["embedding-cosine"] > 0.9 > 0.75 > found.same_subgroup["random-class"]
    assert found.same_class["boundary-mean"] == 1 and (found.found == 1).all()
    x, y, subgroup = hdf5.read(study["data"], X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    mixed = np.random.default_rng(1).permutation(subgroup)
    hdf5.write(study["data"], {X_TRAIN: x, Y_TRAIN: y, SUBGROUP_TRAIN: mixed},
             hdf5.attributes(study["data"]))  # fmt: skip
    noise = compare(study, tmp_path / "noise.csv")
    assert (noise.same_subgroup < 0.5).all()


def test_partners_of_injected_points_are_counted(study, tmp_path):
    x, y, subgroup = hdf5.read(study["data"], X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    features = hdf5.read(study["gradients"], FEATURES_TRAIN)[0]
    unit = features[:, :-1] / np.linalg.norm(features[:, :-1], axis=1, keepdims=True)
    near = (unit @ unit[0] - 2 * (np.arange(80) == 0)).argmax()
    far = (unit @ unit[1]).argmin()
    pairs = np.array([[0, near], [1, far]])
    arrays = {X_TRAIN: x, Y_TRAIN: y, SUBGROUP_TRAIN: subgroup, INJECTED_PAIRS: pairs}
    hdf5.write(study["data"], arrays, hdf5.attributes(study["data"]))
    found = compare(study, tmp_path / "boundary_overlap.csv")
    assert found.partner["embedding-cosine"] == 0.5
