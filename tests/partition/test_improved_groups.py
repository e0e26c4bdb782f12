"""Greedy groups and what swaps reach."""

import numpy as np
import pandas as pd
import pytest

import improve_groups
from attribution.files import hdf5
from attribution.files.results.gradients import FEATURES_TRAIN, RESIDUALS_TRAIN
from attribution.partition import vectors


def test_groups_of_algorithm_1_and_what_swaps_reach(tmp_path):
    rng = np.random.default_rng(0)
    features, residuals = rng.normal(size=(20, 3)), rng.normal(size=(20, 1))
    g = features * residuals
    root = rng.normal(size=(3, 9))
    hessian = root @ root.T / 9 + 0.1 * np.eye(3)
    whitened = np.linalg.solve(np.linalg.cholesky(hessian), g.T).T
    arrays = {
        "gradients": {FEATURES_TRAIN: features, RESIDUALS_TRAIN: residuals},
        "hessian": {"hessian": hessian, "cholesky": np.linalg.cholesky(hessian)},
        "influence": {"self_influence": np.square(whitened).sum(axis=1)},
        "groups": {"4/members": np.array([4, 1, 7, 5, 11]), "2+3/members": np.array([2, 3, 9, 8])},
        "data": {"y_train": np.zeros(20), "index_train": np.arange(20)[::-1]},
    }
    for name, found in arrays.items():
        # what joined after a group stopped is not of it
        facts = {"solver": "exact"} | ({"4/stopped": 3} if name == "groups" else {})
        hdf5.write(tmp_path / f"{name}.h5", found, facts)
    files = {name: str(tmp_path / f"{name}.h5") for name in arrays}
    improve_groups.improve_groups(files, {}, [0], 50, str(tmp_path / "improved.csv"))
    # the same point by its row in the source
    improve_groups.improve_groups(files, {}, [{"row": 19}], 50, str(tmp_path / "again.csv"))
    assert (tmp_path / "again.csv").read_text() == (tmp_path / "improved.csv").read_text()
    table = pd.read_csv(tmp_path / "improved.csv").set_index(["seeds", "lengths"])
    unit = vectors.normalised(whitened)
    for folder, members in (("4", [4, 1, 7]), ("2+3", [2, 3, 9, 8])):
        for lengths, points in (("own", whitened), ("unit", unit)):
            row = table.loc[folder, lengths]
            expected = np.square(points[members].sum(axis=0)).sum() / len(members)
            assert row.greedy == pytest.approx(expected) and row.improved >= row.greedy
            assert row.gap == pytest.approx(1 - row.greedy / row.improved)
    assert (table.swaps > 0).any()
