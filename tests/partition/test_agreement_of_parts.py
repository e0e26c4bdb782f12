"""Agreement of partitions with subgroups and with each other."""

import numpy as np
import pandas as pd
import pytest

import compare_partitions
from attribution.evaluation import partitions
from attribution.files import hdf5


def test_agreement_by_hand():
    subgroups, classes = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 0, 0, 0, 1, 1])
    found = partitions.against_subgroups(classes, subgroups, classes)
    assert found["ari_within"] == 0 and found["purity"] == pytest.approx(4 / 6) and 0 < found["nmi"] < 1
    assert partitions.against_subgroups(subgroups, subgroups, classes)["ari_within"] == 1
    assert np.isnan(partitions.against_subgroups(classes, classes, classes)["ari_within"])
    np.testing.assert_allclose(partitions.stability([classes, classes, 1 - classes]), 1)


def test_networks_are_compared_training_seed_by_training_seed(tmp_path):
    """Two recipes find the same parts from seed 0, others that have nothing in common from seed 1; one has a third."""
    halves, ends = np.repeat([0, 1], 4), np.tile([0, 1], 4)
    found = {("a", 0): halves, ("a", 1): halves, ("a", 2): ends, ("b", 0): 1 - halves, ("b", 1): ends}
    hdf5.write(tmp_path / "data.h5", {"subgroup_train": halves, "y_train": 0 * halves}, {})
    paths, facts = [], {"seconds": 1.0, "peak_memory": 1, "parts": 2}
    for (recipe, seed), labels in found.items():
        paths.append(str(tmp_path / f"{recipe}{seed}.h5"))
        own = {
            f"{name}/{key}": value for name in ("mine", "only-a")[: 2 - (recipe == "b")] for key, value in facts.items()
        }
        names = ["mine"] if recipe == "b" else ["mine", "only-a"]
        hdf5.write(paths[-1], {f"{name}/labels": labels for name in names}, {"dataset": "d", "methods": names} | own)
    outputs = [str(tmp_path / name) for name in ("partition.csv", "stability.csv")]
    compare_partitions.compare_partitions(str(tmp_path / "data.h5"), paths, list(found), "g", outputs)
    rows = pd.read_csv(outputs[1]).set_index(["recipe", "method"])
    apart = partitions.stability([halves, ends])[0]
    assert apart == pytest.approx(-1 / 6) and len(rows) == 4
    assert rows.loc[("a/b", "mine"), ["trainings", "ari", "least", "most"]].tolist() == [2, (1 + apart) / 2, apart, 1]
    assert rows.loc[("a", "mine"), ["trainings", "ari", "least", "most"]].tolist() == [3, apart, apart, 1]
    assert rows.loc[("b", "mine"), ["trainings", "ari"]].tolist() == [2, apart]
