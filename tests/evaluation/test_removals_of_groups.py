"""Tables of points and groups that leave: additive margins, predictions for whole groups, and what sizes alone do."""

import numpy as np
import pandas as pd
import pytest

import measure_removals
from attribution.evaluation import truths
from attribution.files import hdf5

INTERVAL = {"resamples": 200, "level": 0.9, "seed": 0}


@pytest.fixture
def tables(tmp_path):
    """Both tables of 5 targets, 40 points, whose margins are sums of weights that add up to nothing."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(5, 40))
    weights -= weights.mean(axis=1, keepdims=True)
    kept = np.ones((60, 40), dtype=bool)
    for row, size in zip(kept, rng.integers(1, 20, 60), strict=True):
        row[rng.permutation(40)[:size]] = False
    for name, masks, kind in (("alone", ~np.eye(40, dtype=bool), "one"), ("groups", kept, "random")):
        margins = (masks @ weights.T)[None]
        arrays = {"kept": masks, "kind": np.full(len(masks), kind.encode()), "retrained": margins}
        hdf5.write(tmp_path / f"{name}.h5", arrays | {"untouched": np.zeros((1, 5)), "targets": np.arange(5)}, {})
    methods = {"right": weights, "shifted": weights + 10, "random": rng.random((5, 40))}
    for name, pairs in methods.items():
        hdf5.write(tmp_path / f"{name}.h5", {"targets": np.arange(5), "pairs": pairs}, {"unit": "margin"})
    falls = (~kept) @ weights.T
    hdf5.write(tmp_path / "whole.h5", {"targets": np.arange(5), "kept": kept, "falls": 0.5 * falls}, {})
    outputs = [str(tmp_path / f"table-{name}.csv") for name in ("alone", "groups")]
    measure_removals.measure_removals(
        {"dataset": "toy", "model": "a", "truth": "fixed"}, str(tmp_path / "alone.h5"), str(tmp_path / "groups.h5"),
        [str(tmp_path / f"{name}.h5") for name in methods], list(methods), [str(tmp_path / "whole.h5")], ["whole"],
        INTERVAL, outputs,
    )  # fmt: skip
    return [pd.read_csv(path).set_index("method") for path in outputs]


def test_predictions_for_whole_groups_stand_beside_sums(tables):
    alone, groups = tables
    assert list(alone.index) == ["right", "shifted", "random"]
    assert list(groups.index) == ["right", "shifted", "random", "whole", "group-size"]
    assert groups.loc["whole", ["slope", "pearson", "spearman"]].tolist() == pytest.approx([0.5, 1, 1])
    assert alone.loc["right", ["slope", "pearson", "spearman"]].tolist() == pytest.approx([1, 1, 1])
    assert alone.columns[-2:].tolist() == groups.columns[-2:].tolist() == ["slope_low", "slope_high"]
    assert groups.loc["whole", ["slope_low", "slope_high"]].tolist() == pytest.approx([0.5, 0.5])
    assert groups.loc["group-size", ["slope_low", "slope_high"]].isna().all()


def test_a_number_added_to_all_attributions_is_taken_out(tables):
    _, groups = tables
    assert groups.loc["right", "spearman"] == pytest.approx(1) and groups.loc["shifted", "spearman"] < 0.5
    assert groups.loc[["right", "shifted"], "centred"].tolist() == pytest.approx([1, 1])
    # sums of what is positive by chance rank groups by their sizes
    assert groups.loc["random", "spearman"] == pytest.approx(groups.loc["group-size", "spearman"], abs=0.1)
    assert abs(groups.loc["random", "centred"]) < 0.2
    assert groups.loc[["whole", "group-size"], "centred"].isna().all() and np.isnan(groups.loc["group-size", "slope"])


def test_predictions_for_other_groups_are_refused(tables, tmp_path):
    found = truths.read([str(tmp_path / "groups.h5")])
    assert truths.falls(str(tmp_path / "whole.h5"), found).shape == (60, 5)
    with pytest.raises(ValueError, match="is about other test points or groups than the truth"):
        truths.falls(str(tmp_path / "whole.h5"), found._replace(kept=~found.kept))
