"""Tables of group boundaries: what is drawn, what is found, and that noise finds nothing."""

import numpy as np
import pandas as pd
import pytest

import compare_boundary_groups
import measure_group_boundary
from attribution.files import hdf5
from attribution.files.results.data import INJECTED_PAIRS, SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.files.results.gradients import FEATURES_TRAIN
from boundary_files import GROUPS, TRAINING, grown


def test_table_of_random_groups_and_clusters(study, tmp_path):
    path = tmp_path / "group_boundary.csv"
    measure_group_boundary.measure_group_boundary(study, "last_layer", {"groups": GROUPS}, TRAINING, str(path))
    table = pd.read_csv(path)
    assert len(table) == 2 * 2 * 2 * 2 * 4 and set(table["class"]) == {"low", "high"}
    assert table.score.notna().equals(table.solved)
    wide = table.pivot_table(index=["kind", "class", "size", "draw"], columns="form", values="score", dropna=False)
    assert wide.exact.notna().all()
    exact = table[table.form == "exact"]
    assert (exact.bound <= exact.score).all() and np.allclose(exact.bound, exact.score)
    assert table[table.form != "exact"].bound.isna().all()
    assert (wide.universal >= wide.exact * (1 - 1e-9)).all() and (wide["mean"] <= wide.exact * (1 + 1e-9)).all()
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
