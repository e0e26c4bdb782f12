"""Stop conditions judged by known subgroups: the table of a run, and what a study says of its runs."""

import numpy as np
import pandas as pd
import pytest

import compare_stop_conditions
import helpers
import measure_stop_conditions
import plot_stop_conditions
from attribution.evaluation import recovery
from attribution.files import hdf5
from attribution.files.results.gradients import FEATURES_TRAIN, RESIDUALS_TRAIN
from attribution.groups import stops
from attribution.influence import points as influence
from attribution.methods import base, kernels
from attribution.settings.errors import SettingError
from attribution.workflow.stages import partitions

SUBGROUPS = np.repeat(np.arange(4), 20)


def asked(method, text, control=False, **more):
    settings = {"evaluation.seed": 0, "groups.tie_seed": 0, "influence.matrix_gb": 1.0, "influence.cg": {}}
    found = {"method": method, "text": text, "control": control, "settings": settings, "unit": False}
    return found | {"untrained": False, "unlabelled": False} | more


METHODS = {
    "l-relative": asked("l-relative", "influence.selection:LRelative"),
    "influence-unit": asked("influence", "influence.selection:Influence", unit=True),
    "gradient-cosine-unit": asked("gradient-cosine", "distance.gradient_cosine:GradientCosine", unit=True),
    "input-euclidean": asked("input-euclidean", "distance.input_euclidean:InputEuclidean", True, unlabelled=True),
    "random": asked("random", "chance.random:Random", True, unlabelled=True),
}


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """80 points in four subgroups of two classes, whose gradients tell the subgroups apart and whose places do not."""
    folder, rng = tmp_path_factory.mktemp("stops"), np.random.default_rng(0)
    features = np.eye(4)[SUBGROUPS] + 0.1 * rng.normal(size=(80, 4))
    residuals = np.where(SUBGROUPS < 2, -1, 1)[:, None] * rng.uniform(0.1, 5, size=(80, 1))
    own, step = influence.self_influence(features, residuals, lambda b: b)
    arrays = {
        "data": {"x_train": rng.normal(size=(80, 2)), "y_train": SUBGROUPS // 2, "subgroup_train": SUBGROUPS},
        "gradients": {FEATURES_TRAIN: features, RESIDUALS_TRAIN: residuals},
        "hessian": {"hessian": np.eye(4), "cholesky": np.eye(4)},
        "influence": {"self_influence": own, "step_norm": step},
    }
    facts = {"class_names": ["a", "b"], "subgroup_names": ["zero", "one", "two", "three"], "solver": "exact"}
    for name, found in arrays.items():
        hdf5.write(folder / f"{name}.h5", found, facts)
    files = {name: str(folder / f"{name}.h5") for name in arrays}
    return {
        "files": files, "methods": METHODS, "recipes": {"trained": {}, "untrained": {}}, "seed": 3, "tie_seed": 0,
        "wildcards": {"dataset": "mine", "model": "net"}, "path": str(folder / "stop_conditions.csv"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def table(job):
    measure_stop_conditions.measure_stop_conditions(**job)
    return pd.read_csv(job["path"])


def test_every_method_subgroup_and_condition_has_a_row(table):
    assert len(table) == len(METHODS) * 4 * len(stops.CONDITIONS)
    assert not table.duplicated(["method", "part", "condition"]).any()
    whole = table[table.condition == "size"]
    assert (whole.members == 40).all() and (whole.part_size == 20).all()
    # of all points of a class and nothing else half belong to the subgroup
    assert (whole[whole.role == "control"].precision == 0.5).all() and (
        whole.recall[whole.role == "control"] == 1
    ).all()


def test_what_tells_subgroups_apart_stops_at_them_and_chance_does_not(table):
    gap = table[table.condition == "gap"].groupby("method")
    for name in ("l-relative", "influence-unit", "gradient-cosine-unit"):
        assert (gap.share_of_first.min()[name], gap.f1.min()[name]) == (1, 1)
    for name in ("input-euclidean", "random"):
        assert gap.share_of_first.mean()[name] < 0.7 and gap.f1.mean()[name] < 0.75


def test_a_study_has_means_over_subgroups_and_gains_over_the_turn(tmp_path):
    row = {"dataset": "a", "model": "m", "seed": 0, "method": "x", "role": "method", "precision": 1.0, "recall": 1.0,
           "share_of_first": 1.0, "members": 10, "part_size": 20}  # fmt: skip
    scores = {("a", 0): (0.5, 0.7), ("a", 1): (0.9, 0.7), ("b", 0): (0.4, 0.2)}
    rows = [
        row | {"dataset": dataset, "seed": seed, "part": part, "condition": condition, "f1": f1, "method": name}
        for (dataset, seed), both in scores.items()
        for condition, f1 in zip(("turn", "gap"), both, strict=True)
        for part in ("one", "two")
        for name in ("x", "y")
    ]
    rows += [one | {"method": "c", "role": "control", "f1": 1.0} for one in rows if one["method"] == "x"]
    pd.DataFrame(rows).to_csv(tmp_path / "run.csv", index=False)
    outputs = [str(tmp_path / name) for name in ("means.csv", "judged.csv")]
    compare_stop_conditions.compare_stop_conditions(
        [str(tmp_path / "run.csv")], {"resamples": 200, "level": 0.9, "seed": 0}, outputs
    )  # fmt: skip
    means, judged = map(pd.read_csv, outputs)
    assert len(means) == 3 * 2 * 3
    judged = judged.set_index(["dataset", "method", "condition"])
    both = judged.loc[("all", "all", "gap")]
    assert (both.f1, both.gain, both.trainings) == pytest.approx((1.6 / 3, -0.2 / 3, 3), abs=1e-4)
    assert both.gain_low == pytest.approx(-0.2) and both.gain_high == pytest.approx(0.2)
    assert judged.loc[("b", "x", "gap")].gain == pytest.approx(-0.2)
    assert judged.loc[("all", "c", "gap")].gain == 0 and judged.loc[("all", "all", "turn")].gain == 0
    assert both.members_over_part_size == 0.5


def test_precision_recall_and_f1_by_hand():
    found = recovery.against_subgroup(np.array([0, 1, 2, 60]), SUBGROUPS, 0)
    assert found == {"precision": 3 / 4, "recall": 3 / 20, "f1": pytest.approx(2 * 0.75 * 0.15 / 0.9)}
    assert recovery.against_subgroup(np.array([60]), SUBGROUPS, 0)["f1"] == 0


def test_the_kernel_of_distances_is_gaussian_with_the_median_for_its_width():
    squares = np.square(np.subtract.outer([0.0, 1.0, 3.0], [0.0, 1.0, 3.0]))
    # distances 1, 2 and 3
    np.testing.assert_allclose(kernels.gaussian(squares)[0], [1, np.exp(-1 / 8), np.exp(-9 / 8)])


def test_vectors_of_length_zero_have_no_kernel_of_length_one(job):
    run = measure_stop_conditions.of_network(job["files"], METHODS["influence-unit"], job["recipes"], 0)
    run.residuals[3] = 0
    method = base.resolve("influence.selection:Influence")
    with pytest.raises(ValueError, match="kernel of method 'mine' has 0 numbers that are not finite and 1 vectors"):
        kernels.of_method("mine", method, run, True)
    assert kernels.of_method("mine", method, run, False)[3].max() == 0


@pytest.mark.parametrize("name", ["l-relative-components", "metagradient", "embedding-cosine"])
def test_a_name_without_inner_products_of_training_points_is_refused(name):
    methods = helpers.CONFIG["methods"] | {"stop_conditions": [name]}
    with pytest.raises(SettingError, match=f"methods.stop_conditions names '{name}', which gives no inner products"):
        partitions.check(helpers.CONFIG | {"methods": methods})


def test_a_study_names_the_trainings_of_its_data_sets():
    studies = {"mine": {"dataset": "one", "model": "m", "seed": 0, "scope": "last_layer", "seeds": [5, 6]}}
    studies["mine"]["stop_conditions"] = ["two"]
    config = helpers.CONFIG | {"studies": studies, "datasets": {"one": {"loader": "npz"}, "two": {"loader": "npz"}}}
    config["models"] = {"m": {}}
    found = partitions.stopped(config, helpers.wildcards(study="mine"))
    assert found == [f"results/{data}/m/seed{seed}/stop_conditions.csv" for data in ("one", "two") for seed in (5, 6)]


def test_the_figure_has_methods_above_controls_and_conditions_beside_the_share_of_the_first(tmp_path, monkeypatch):
    rows = [
        {"dataset": dataset, "method": name, "role": role, "condition": condition, "f1": f1 + (dataset == "a"),
         "low": 0.0, "high": 1.0, "share_of_first": f1 / 2, "trainings": 3}
        for dataset in ("a", "all")
        for name, role, f1 in (("c", "control", 0.2), ("x", "method", 0.8), ("all", "method", 0.6))
        for condition in ("turn", "gap")
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "judged.csv", index=False)
    drawn = []
    monkeypatch.setattr(plot_stop_conditions.drawing, "save", lambda figure, *_: drawn.append(figure))
    plot_stop_conditions.plot_stop_conditions(str(tmp_path / "judged.csv"), "default", 60, "stops.png")
    axes = drawn[0].axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x", "mean of the methods", "c (control)"]
    assert [label.get_text() for label in axes.get_xticklabels()][1:] == ["turn", "gap"]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.4, 0.8, 0.8], [0.3, 0.6, 0.6], [0.1, 0.2, 0.2]])
