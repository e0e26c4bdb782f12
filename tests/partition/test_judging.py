"""Partitions against subgroups and against removals, and the files in which they stand."""

import copy
import os
import subprocess
import sys

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

import compare_part_removals
import compare_partitions
import partition_training_set
import plot_part_removals
import plot_part_sheets
import plot_parts
import refit_parts
import retrain_parts
from attribution.evaluation import partitions
from attribution.files import hdf5
from attribution.files.results.gradients import FEATURES_TRAIN, PARAMETERS, POINT_WEIGHTS, RESIDUALS_TRAIN
from attribution.partition import source
from attribution.retraining import whole_networks
from attribution.training import class_weights
from helpers import SCRIPTS

INTERVAL = {"resamples": 200, "level": 0.9, "seed": 0}
SETTINGS = {
    "parts": "subgroups", "most": 4, "draws": 2, "within_classes": False, "components": 3, "restarts": 3,
    "sized_restarts": 2, "iterations": 30, "members": 2, "atoms": {"count": 3, "penalty": 0.1}, "together": [],
    "apart": [], "seed": 0,
}  # fmt: skip


def asked(text: str, control: bool, **more) -> dict:
    found = {"method": "", "unit": False, "components": False, "untrained": False, "columns": False}
    own = {"evaluation.seed": 0, "groups.tie_seed": 0, "influence.matrix_gb": 1.0}
    return found | {"text": text, "control": control, "settings": own} | more


METHODS = {
    "gradient-dot-unit": asked("influence.gradient_dot:GradientDot", False, unit=True),
    "gradient-dot-unit-components": asked("influence.gradient_dot:GradientDot", False, unit=True, components=True),
    "metagradient": asked("unrolled.metagradient:Metagradient", False, columns=True),
    "input-euclidean": asked("distance.input_euclidean:InputEuclidean", True),
    "random": asked("chance.random:Random", True),
}


@pytest.fixture
def job(tmp_path):
    """Arguments of the partition's job: 40 points, whose gradients say more than their places."""
    rng = np.random.default_rng(0)
    subgroups = np.repeat(np.arange(4), 10)
    x = np.stack([rng.normal(size=40), subgroups // 2 * 6 + rng.normal(size=40)], axis=1).astype(np.float32)
    features = np.eye(4)[subgroups] + 0.1 * rng.normal(size=(40, 4))
    data = {"x_train": x, "y_train": subgroups // 2, "subgroup_train": subgroups}
    hdf5.write(tmp_path / "data.h5", data, {"class_names": ["a", "b"]})
    gradients = {FEATURES_TRAIN: features, RESIDUALS_TRAIN: rng.uniform(0.1, 5, size=(40, 1))}
    hdf5.write(tmp_path / "gradients.h5", gradients, {})
    hdf5.write(tmp_path / "columns.h5", {"pairs": features.T, "targets": np.arange(4)}, {})
    files = {name: str(tmp_path / f"{name}.h5") for name in ("data", "gradients")}
    files |= {"attributions": [str(tmp_path / "columns.h5")]}
    return {"files": files, "methods": copy.deepcopy(METHODS),
            "settings": SETTINGS, "recipes": {"trained": {}, "untrained": {}},
            "seed": 0, "digest": "0", "path": tmp_path / "partition.h5",
            "attributes": {"dataset": "mine", "model": "net", "seed": 0}}  # fmt: skip


def test_every_method_has_its_parts_and_every_control_parts_of_their_sizes(job):
    partition_training_set.partition_training_set(**job)
    (subgroups,) = hdf5.read(job["files"]["data"], "subgroup_train")
    with hdf5.file(job["path"]) as file:
        assert list(file.attrs["methods"]) == list(METHODS)
        for name, method in METHODS.items():
            sizes = file[name]["sizes"][()]
            np.testing.assert_array_equal(np.bincount(file[name]["labels"][()]), sizes)
            assert file[name].attrs["objective"] == pytest.approx(file[name]["normalised_influence"][()].sum())
            assert file[name]["linkage"].shape == (3, 4) and file[name]["central"].shape == (4, 2)
            for control in ["input-euclidean", "random"] if not method["control"] else []:
                np.testing.assert_array_equal(np.bincount(file[name]["sized"][control][()]), sizes)
            found = partitions.against_subgroups(file[name]["labels"][()], subgroups, subgroups // 2)
            if not method["control"]:
                assert found["ari"] == found["ari_within"] == found["purity"] == 1
            assert file[name]["weights"].shape == (40, 3) and (file[name]["weights"][()] >= 0).all()
        assert file["gradient-dot-unit-components"].attrs["kept"] < 1
        assert not list(job["path"].parent.glob(".partition-*"))


@pytest.mark.parametrize("images", [False, True])
def test_sheets_show_the_members_of_each_part_in_the_order_of_the_tree(job, monkeypatch, images):
    partition_training_set.partition_training_set(**job)
    data, y = job["path"].with_name("shown.h5"), np.repeat([0, 1], 20)
    (x,) = hdf5.read(job["files"]["data"], "x_train")
    x = np.repeat(np.arange(40, dtype=np.uint8), 9).reshape(40, 3, 3) if images else x
    hdf5.write(data, {"x_train": x, "y_train": y}, {"class_names": ["a", "b"]})
    drawn = []
    monkeypatch.setattr(plot_part_sheets.drawing, "save", lambda figure, *_: drawn.append(figure))
    arguments = str(data), str(job["path"]), "gradient-dot-unit", "default", 60, "sheets.png"
    plot_part_sheets.plot_part_sheets(*arguments)
    _, mix, influence, *members = drawn[0].axes
    with hdf5.file(job["path"]) as file:
        found = {name: array[()] for name, array in file["gradient-dot-unit"].items() if hasattr(array, "shape")}
    # the two parts that are joined first stand side by side
    order = [int(label.get_text().split(",")[0].removeprefix("part ")) for label in mix.get_yticklabels()]
    joined = [order.index(int(part)) for part in found["linkage"][0, :2]]
    assert sorted(order) == [0, 1, 2, 3] and abs(joined[0] - joined[1]) == 1
    widths = [bar.get_width() for bar in influence.patches]
    np.testing.assert_allclose(widths, found["normalised_influence"][order])
    counts = np.reshape([bar.get_width() for bar in mix.patches], (2, 4))
    np.testing.assert_array_equal(counts.sum(axis=0), found["sizes"][order])
    assert len(members) == (1 if images else 4)
    if images:
        # rows from above: the last of the tree first, its central members before the outlying ones
        shown = [int(image.get_array()[0, 0]) for image in members[0].images]
        rows = [[*found["central"][part], *found["outlying"][part]] for part in reversed(order)]
        assert shown == np.concatenate(rows).tolist()
    with pytest.raises(ValueError, match="has no parts by 'mine', but by gradient-dot-unit"):
        plot_part_sheets.plot_part_sheets(*arguments[:2], "mine", *arguments[3:])


def test_a_killed_job_goes_on_with_the_methods_that_are_left(job, monkeypatch):
    divided, whole = [], partition_training_set.divide.divide
    limit = 3

    def killed(*arguments):
        if len(divided) == limit:
            raise KeyboardInterrupt
        divided.append(1)
        return whole(*arguments)

    monkeypatch.setattr(partition_training_set.divide, "divide", killed)
    with pytest.raises(KeyboardInterrupt):
        partition_training_set.partition_training_set(**job)
    assert not job["path"].exists()
    limit = 99
    partition_training_set.partition_training_set(**job)
    assert len(divided) == len(METHODS)
    again = job | {"path": job["path"].with_name("again.h5")}
    partition_training_set.partition_training_set(**again)
    with hdf5.file(job["path"]) as one, hdf5.file(again["path"]) as other:
        for name in METHODS:
            np.testing.assert_array_equal(one[name]["labels"][()], other[name]["labels"][()])


def test_retraining_gives_the_matrix_of_each_partition_and_equal_parts_leave_once(job, monkeypatch):
    partition_training_set.partition_training_set(**job)
    trained = []

    def retrained(recipe, x, y, targets, labels, classes, seed, kept, label, work):
        """Margins that a network would have: a point loses two for each point of its subgroup that is gone."""
        trained.append(kept)
        subgroups = np.repeat(np.arange(4), 10)
        return np.stack([5 - 2.0 * np.bincount(subgroups[~row], minlength=4)[subgroups] for row in kept])

    monkeypatch.setattr(retrain_parts.whole_networks, "retrained", retrained)
    out = job["path"].with_name("partition-removals-fixed.h5")
    retrain_parts.retrain_parts(job["files"]["data"], job["path"], {}, 1, 0, "fixed", "0", out, job["attributes"])
    assert trained[0][0].all() and len(np.unique(trained[0], axis=0)) == len(trained[0])
    with hdf5.file(out) as file:
        changes = file["gradient-dot-unit"]["changes"][()]
        expected = np.logaddexp(0, 15) - np.logaddexp(0, -5)
        np.testing.assert_allclose(changes, [expected * np.eye(4)])
    run, path = [["net", 0]], job["path"].with_name("removal.csv")
    compare_part_removals.compare_part_removals(
        [str(job["path"])], [str(out)], run, "two", INTERVAL, {"truth": "fixed"}, str(path)
    )  # fmt: skip
    table = pd.read_csv(path)
    first = table.iloc[0]
    assert (first.method, first.role, first.share) == ("gradient-dot-unit", "default", 1)
    assert first.own_minus_other == first.low == first.high == pytest.approx(expected)
    of_controls = table[(table.sizes_of == "gradient-dot-unit")].set_index("method").own_minus_other
    assert first.gain == pytest.approx(expected - of_controls.max()) and first.gain > 0
    assert abs(of_controls["random"]) < 0.2 * expected
    outputs = [str(path.with_name(name)) for name in ("partition.csv", "stability.csv")]
    runs = [["net", 0], ["net", 1]]
    compare_partitions.compare_partitions(job["files"]["data"], [str(job["path"])] * 2, runs, "two", outputs)
    table = pd.read_csv(outputs[0]).groupby("method").ari.mean()
    assert table["gradient-dot-unit"] == 1 and abs(table["shuffled-labels"]) < 0.2
    assert pd.read_csv(outputs[1]).ari.tolist() == [1] * len(METHODS)


@pytest.mark.parametrize("names", [["gradient-dot-unit", "input-euclidean", "random"], list(METHODS)])
def test_where_a_criterion_finds_nothing_to_divide_the_others_are_judged_and_drawn(job, monkeypatch, names):
    """Of random numbers the gap is that of one part, whose removal would leave no point."""
    monkeypatch.setattr(retrain_parts.whole_networks, "retrained", lambda *given: np.where(given[7], 5.0, -5.0))
    job["methods"] = {name: job["methods"][name] for name in names}
    job["settings"] = job["settings"] | {"parts": "gap", "most": 5}
    partition_training_set.partition_training_set(**job)
    out, table = job["path"].with_name("partition-removals-fixed.h5"), str(job["path"].with_name("removal.csv"))
    retrain_parts.retrain_parts(job["files"]["data"], job["path"], {}, 1, 0, "fixed", "0", out, job["attributes"])
    compare_part_removals.compare_part_removals(
        [str(job["path"])], [str(out)], [["net", 0]], "two", INTERVAL, {"truth": "fixed"}, table
    )  # fmt: skip
    rows = pd.read_csv(table)
    rows = rows[rows.sizes_of.isna()].set_index("method")
    assert rows.parts[["gradient-dot-unit", "random"]].tolist() == [4, 1]
    change = np.logaddexp(0, 5) - np.logaddexp(0, -5)
    assert rows.own_minus_other[["gradient-dot-unit", "random"]].tolist() == [pytest.approx(change), 0]
    drawn = []
    for script in (plot_parts, plot_part_removals):
        monkeypatch.setattr(script.drawing, "save", lambda figure, *_: drawn.append(figure.get_axes()))
    plot_parts.plot_parts(job["files"]["data"], str(job["path"]), str(out), "default", 60, "parts.png")
    plot_part_removals.plot_part_removals(str(out), "default", 60, "removals.png")
    (*planes, curves), matrices = drawn
    assert [here.get_title().split(":")[0].split(" (")[0] for here in planes] == names
    assert planes[-1].get_title() == matrices[len(names) - 1].get_title() == "random (control): 0.0"
    # a curve a method, with a ring at the number that was taken
    with hdf5.file(job["path"]) as file:
        for name, line, ring in zip(names, curves.containers, curves.collections[1::2], strict=True):
            np.testing.assert_array_equal(
                line.lines[0].get_xydata().T, [file[name][key] for key in ("counts", "criterion")]
            )
            assert ring.get_offsets()[0, 0] == file[name].attrs["parts"] and line.get_label() == name
    assert curves.get_ylabel() == "gap to uniform points,\nin log of summed squares (nats)"
    # the lowest panel of each of four columns names the axis
    assert [here.get_xlabel() for here in planes] == [""] * max(len(names) - 4, 0) + ["$x_1$"] * min(len(names), 4)


def test_points_that_must_be_together_or_apart_go_by_rows_of_ones_own(job):
    job["methods"] = {name: job["methods"][name] for name in ("gradient-dot-unit", "input-euclidean", "random")}
    with h5py.File(job["files"]["data"], "r+") as file:
        file["index_train"] = np.arange(40)[::-1]
    constraints = {"together": [[0, 39]], "apart": [[{"row": 38}, 2]]}
    found = []
    for more in (constraints, {"together": [[{"row": 39}, {"row": 0}]], "apart": [[1, {"row": 37}]]}):
        partition_training_set.partition_training_set(**job | {"settings": SETTINGS | more})
        found.append(hdf5.read(job["path"], "gradient-dot-unit/labels")[0])
    np.testing.assert_array_equal(*found)
    labels = found[0]
    assert labels[0] == labels[39] and labels[1] != labels[2]


def test_a_kernel_that_is_too_large_is_refused(job):
    job["methods"]["gradient-dot-unit"]["settings"]["influence.matrix_gb"] = 8 * 39**2 / 1e9
    with pytest.raises(ValueError, match=r"kernel of 40 x 40 numbers, .* raise influence\.matrix_gb"):
        partition_training_set.partition_training_set(**job)
    source.refuse_large_kernel("mine", 40, 8 * 40**2 / 1e9)


def test_the_averaged_truth_is_the_mean_over_other_trainings_than_the_runs(job, monkeypatch):
    partition_training_set.partition_training_set(**job)
    trained = []

    def retrained(recipe, x, y, targets, labels, classes, seed, kept, label, work):
        """Margins of a network to which the k-th training gives k times as much for each point of a subgroup."""
        trained.append(seed)
        subgroups = np.repeat(np.arange(4), 10)
        return np.stack([-len(trained) * np.bincount(subgroups[~row], minlength=4)[subgroups] for row in kept])

    monkeypatch.setattr(retrain_parts.whole_networks, "retrained", retrained)
    out, own = job["path"].with_name("partition-removals-averaged.h5"), 5
    retrain_parts.retrain_parts(job["files"]["data"], job["path"], {}, 3, own, "averaged", "0", out, job["attributes"])
    assert len(set(trained)) == 3 and own not in trained
    expected = [np.logaddexp(0, 10 * k) - np.log(2) for k in (1, 2, 3)]
    with hdf5.file(out) as file:
        changes = file["gradient-dot-unit"]["changes"][()]
    np.testing.assert_allclose(changes, np.multiply.outer(expected, np.eye(4)), atol=1e-12)
    path = job["path"].with_name("removal-averaged.csv")
    compare_part_removals.compare_part_removals(
        [str(job["path"])], [str(out)], [["net", own]], "two", INTERVAL, {"truth": "averaged"}, str(path)
    )  # fmt: skip
    table = pd.read_csv(path)
    assert set(table.truth) == {"averaged"} and table.iloc[0].own_minus_other == pytest.approx(np.mean(expected))
    assert table.chosen.isna().all()


def test_a_killed_job_of_removals_goes_on_with_the_networks_that_are_left(job, monkeypatch):
    """Networks one by one, whose logits are by how many points they lack: kept in the job's folder, each once."""
    partition_training_set.partition_training_set(**job)
    trained, limit = [], 99

    class Training:
        def outputs(self, mask, targets):
            return np.where(mask, 1.0, -1.0)[:, None] * (1 + (~mask).sum() + len(trained) / 100)

    def run(training, mask):
        if len(trained) == limit:
            raise KeyboardInterrupt
        trained.append(mask)
        return mask

    monkeypatch.setattr(whole_networks.recipes, "one_by_one", lambda recipe: "as here")
    monkeypatch.setattr(whole_networks.replay, "of_recipe", lambda *given: Training())
    monkeypatch.setattr(whole_networks.replay, "run", run)

    def retrain(name: str, digest: str = "0"):
        out = job["path"].with_name(f"partition-removals-{name}.h5")
        given = job["files"]["data"], job["path"], {}, 2, 0, "averaged", digest, out, job["attributes"]
        retrain_parts.retrain_parts(*given)
        with hdf5.file(out) as file:
            return file.attrs["networks"], {name: file[name]["changes"][()] for name in METHODS}

    count, whole = retrain("whole")
    assert len(trained) == 2 * count
    trained.clear()
    limit = count + 3  # of the second training
    with pytest.raises(KeyboardInterrupt):
        retrain("killed")
    limit = 99
    _, found = retrain("killed")
    assert len(trained) == 2 * count
    for name in METHODS:
        np.testing.assert_array_equal(found[name], whole[name])
    # of other settings nothing is taken over
    trained.clear()
    limit = 3
    with pytest.raises(KeyboardInterrupt):
        retrain("other")
    limit = 99
    retrain("other", "1")
    assert len(trained) == 3 + 2 * count
    assert not list(job["path"].parent.glob(".partition-removals-*"))


def test_the_memory_of_a_method_is_without_what_earlier_ones_left(job, monkeypatch):
    """The job keeps vectors of its controls: each method's peak counts from what the process held when it began."""
    held = iter([100, 700, 250, 900, 300])
    peaks = iter([400, 800, 250, 1000, 5300])
    monkeypatch.setattr(partition_training_set.memory, "resident", lambda: next(held))
    monkeypatch.setattr(partition_training_set.memory, "peak", lambda: next(peaks))
    partition_training_set.partition_training_set(**job)
    with hdf5.file(job["path"]) as file:
        found = [file[name].attrs["peak_memory"] for name in sorted(METHODS, key=lambda n: not METHODS[n]["control"])]
    assert found == [300, 100, 0, 100, 5000]


# in a process that has freed nothing before, whose pages an allocator would hand out again
HOLDING = """
import mmap
from attribution.runtime import memory
size, before = 64_000_000, memory.resident()
memory.forget_peak()
block = mmap.mmap(-1, size)
for _ in range(size // 4_000_000):
    block.write(b"x" * 4_000_000)
held, peak = memory.resident(), memory.peak()
block.close()
print(size, held - before, peak - held, memory.resident() - before)
"""


def test_what_a_process_holds_is_its_own_memory():
    told = subprocess.run(
        [sys.executable, "-c", HOLDING], env=os.environ | {"PYTHONPATH": str(SCRIPTS)}, capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip
    size, held, above, left = map(int, told.split())
    assert 0.9 * size < held < 2.5 * size and above >= 0 and left < held - 0.9 * size


def test_numbers_that_tell_nothing_are_refused(job):
    for pairs, words in ((np.zeros((2, 40)), "length zero"), (np.full((2, 40), np.nan), "not finite")):
        run = type("Run", (), {"labels": np.zeros(40)})()
        with pytest.raises(ValueError, match=words):
            source.of_method("mine", object(), run, pairs, False)


@pytest.mark.parametrize("weighting", [None, [1.0, 4.0]])
def test_a_part_that_leaves_the_last_layer_leaves_the_optimum_of_the_others(job, weighting):
    partition_training_set.partition_training_set(**job)
    features, (y,) = hdf5.read(job["files"]["gradients"], FEATURES_TRAIN)[0], hdf5.read(job["files"]["data"], "y_train")
    gradients, out = str(job["path"].with_name("layer.h5")), job["path"].with_name("partition-removals-last-layer.h5")
    own = class_weights.of_labels(y, weighting)
    more = {} if own is None else {POINT_WEIGHTS: own}
    hdf5.write(gradients, {FEATURES_TRAIN: features, PARAMETERS: np.zeros((4, 1))} | more, {})
    own = np.ones(len(y)) if own is None else own
    refit_parts.refit_parts(job["files"]["data"], gradients, job["path"], 0.01, out, job["attributes"])

    def losses(kept):
        """Of every point at the optimum of the logistic regression of the kept ones, by another solver."""
        sign = 2 * y - 1
        loss = lambda w: np.logaddexp(0, -sign * (features @ w))  # noqa: E731
        found = minimize(lambda w: (own * loss(w))[kept].mean() + 0.01 * w @ w, np.zeros(4), tol=1e-12)
        return loss(found.x)

    with hdf5.file(job["path"]) as divided, hdf5.file(out) as file:
        labels, changes = divided["gradient-dot-unit"]["labels"][()], file["gradient-dot-unit"]["changes"][()]
    whole = losses(np.ones(40, dtype=bool))
    for left in range(4):
        change = losses(labels != left) - whole
        expected = [change[labels == part].mean() for part in range(4)]
        np.testing.assert_allclose(changes[0, left], expected, atol=1e-5)
