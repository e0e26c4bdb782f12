"""Settings against a run's own data: sizes, seeds and names that the data set does not have."""

import json
import os
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from snakemake.exceptions import WorkflowError

import helpers
from attribution.costs import stored_ids
from attribution.data import sources
from attribution.settings import check as settings
from attribution.settings import datasets, extends, run_checks
from attribution.workflow import inputs, targets
from attribution.workflow.stages import answers, partitions
from every_check import merged
from helpers import SCHEMA

CONFIG = extends.resolved(targets.settings_of(helpers.ROOT / "config"))
OWN = {"loader": "npz", "path": "mine.npz"}
RUNS = [
    # what differs in the settings, the check, points of the run's data, the sentence or none
    ("groups: {seeds: [1500], size: 600}", run_checks.groups, 2000, None),
    ("groups: {seeds: [1500], size: 25}", run_checks.groups, 1500, "groups.seeds holds 1500, but data set 'mine'"),
    ("groups: {seeds: [0], size: 600}", run_checks.groups, 599, "groups.size is 600, but data set 'mine' has 599 trai"),
    ("groups: {seeds: [0], size: 9, excluded: [70]}", run_checks.groups, 70, "groups.excluded holds 70, but data"),
    ("groups: {seeds: [0], size: 70, excluded: [7]}", run_checks.groups, 70, "groups.size is 70, but data set 'mine'"),
    ("groups: {seeds: [cat], size: 600}", run_checks.groups, None, None),
    ("groups: {seeds: [cow], size: 6}", run_checks.groups, 70, 'groups.seeds is "cow", which is not def'),
    ("groups: {seeds: [{random: 71, seed: 0}], size: 6}", run_checks.groups, 70, "groups.seeds[0].random is 71, but"),
    ("groups: {seeds: [[3, 4, cat], dog], size: 6}", run_checks.groups, 70, None),
    ("groups: {seeds: [[3, cat], [4, cat]], size: 6}", run_checks.boundary_groups, 70, None),
    ("groups: {seeds: [1, [3, 70]], size: 6}", run_checks.groups, 70, "groups.seeds[1] holds 70, but data set 'mine'"),
    ("groups: {seeds: [[3, cow]], size: 6}", run_checks.groups, 70, 'groups.seeds[0] is "cow", which is not def'),
    ("groups: {seeds: [[3, 4, 5]], size: 2}", run_checks.groups, 70, "groups.seeds[0] holds 3 points, but groups.size"),
    ("groups: {seeds: [[3, 4], 1, [4, 3]], size: 6}", run_checks.groups, 70, "groups.seeds[2] holds the points of gro"),
    ("groups: {seeds: [[3, 4]], size: 6, excluded: [4]}", run_checks.groups, 70, "groups.seeds[0] holds 4, which is e"),
    ("{groups: {seeds: [[3, 4]], size: 6}, boundary: {greedy: {size: 1}}}", run_checks.boundary_groups, 70,
     "groups.seeds[0] holds 2 points, but boundary.greedy.size is 1"),
    # rows of one's own are none of data.h5's
    ("groups: {seeds: [{row: 900}, [{id: a}, 3], {row: [1, 2]}], size: 6, excluded: [{row: 80}]}", run_checks.groups,
     70, None),
    ("groups: {seeds: [[{row: [3, 4, 5]}]], size: 2}", run_checks.groups, 70, "groups.seeds[0] holds 3 points, but g"),
    ("groups: {seeds: [[{id: [a, b]}]], size: 6, excluded: [{id: b}]}", run_checks.groups, 70,
     "groups.seeds[0] holds {'id': 'b'}, which is excluded"),
    ("groups: {seeds: [0], size: 68, excluded: [7, {row: [1, 2]}]}", run_checks.groups, 70, "groups.size is 68, but"),
    ("groups: {seeds: [3, 4, 3], size: 6}", run_checks.groups, 70, "groups.seeds[2] is 3 a second time"),
    ("influence: {targets: [cat, 1999]}", run_checks.targets, 2000, None),
    ("influence: {targets: [2000]}", run_checks.targets, 2000, "influence.targets holds 2000, but data set 'mine'"),
    ("influence: {targets: [left]}", run_checks.targets, 2000, 'influence.targets is "left", which is not def'),
    ("overlap: {seeds: [70]}", run_checks.overlap, 70, "overlap.seeds holds 70, but data set 'mine'"),
    ("overlap: {size: 71}", run_checks.overlap, 70, "overlap.size is 71, but data set 'mine' has 70 training points"),
    ("groups: {seeds: [70]}", run_checks.boundary_groups, 70, "groups.seeds holds 70, but data set 'mine'"),
    ("boundary: {greedy: {size: 71}}", run_checks.compared_groups, 70, "boundary.greedy.size is 71, but"),
    ("{}", run_checks.target, 70, "no study names data set 'mine', and this result needs its target; add studies.NAME"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "check", "n", "sentence"), RUNS)
def test_settings_are_checked_against_the_runs_own_data(written, check, n, sentence):
    config = merged(written)
    config["datasets"]["mine"] = OWN | {"class_names": ["cat", "dog"]}
    config = settings.prepared(config, SCHEMA)
    settings.check(config, SCHEMA)
    if sentence is None:
        check(config, "mine", n)
        return
    with pytest.raises(settings.SettingError) as error:
        check(config, "mine", n)
    assert str(error.value).startswith(sentence), str(error.value)


@pytest.mark.parametrize(
    ("written", "check", "where"),
    [
        ("groups: {seeds: [0, [{row: 3}, {row: [4, 80]}]]}", run_checks.groups, "groups.seeds"),
        ("groups: {seeds: [0], excluded: [{row: 80}]}", run_checks.boundary_groups, "groups.excluded"),
        ("groups: {variants: {v: {seeds: [{row: 80}]}}}", run_checks.groups, "groups.variants.v.seeds"),
        ("influence: {targets: [cat, {row: 80}]}", run_checks.targets, "influence.targets"),
        ("overlap: {seeds: [{row: 80}]}", run_checks.overlap, "overlap.seeds"),
    ],
)
def test_rows_of_ones_own_are_rows_of_the_source(written, check, where):
    config = merged(written)
    config["datasets"]["mine"] = OWN | {"class_names": ["cat", "dog"]}
    settings.check(settings.prepared(config, SCHEMA), SCHEMA)
    variant = {"variant": "v"} if "variants" in where else {}
    # nothing is said of other lists, or where nothing says how many rows there are
    run_checks.own_rows(config, "mine", None, check, **variant)
    run_checks.own_rows(config, "mine", 81, check, **variant)
    run_checks.own_rows(config, "mine", 0, run_checks.target)
    with pytest.raises(settings.SettingError) as error:
        run_checks.own_rows(config, "mine", 80, check, **variant)
    assert str(error.value) == (
        f"{where} names row 80, but the source of data set 'mine' has 80 training rows; allowed are rows from 0 to 79"
    )


def test_rows_that_the_source_lacks_are_refused_before_any_job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x, y = np.zeros((52, 2)), np.arange(52) % 2
    ids = np.array(["a", *map(str, range(1, 52))])
    np.savez(
        "mine.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:], id_train=ids[:40], id_test=ids[40:]
    )
    Path("gone.csv").write_text("rank,row,id\n1,3,a\n2,40,b\n")
    Path("pairs.csv").write_text("")
    wildcards = helpers.wildcards(dataset="mine", model="mlp-l2", seed="0", method="l-relative")

    def asked(written, **more):
        config = merged(written)
        config["studies"] = {"mine": {"dataset": "mine", "model": "mlp-l2", "removed": [39, "a"]} | more}
        # a variant keeps the rows of the source
        config["datasets"]["mine"] = OWN | {"class_names": ["cat", "dog"], "points": 10, "test_points": 5}
        return settings.prepared(config, SCHEMA)

    explained = lambda row: asked(f"answers: {{explanations: {{rows: [3, {row}]}}}}")  # noqa: E731
    assert answers.files(explained(11), wildcards)["data"] == "results/mine/data.h5"
    with pytest.raises(WorkflowError, match=r"answers\.explanations\.rows names row 12, but the source of data set"):
        answers.files(explained(12), wildcards)
    assert inputs.removed_file(asked("{}"), wildcards) == {}
    with pytest.raises(WorkflowError, match=r"studies\.mine\.removed names row 40, .* has 40 training rows; allowed"):
        inputs.removed_file(asked("{}", removed=[3, 40]), wildcards)
    with pytest.raises(WorkflowError, match=r"studies\.mine\.removed, 'gone.csv', names row 40, but the source of"):
        inputs.removed_file(asked("{}", removed="gone.csv"), wildcards)
    named = asked("{groups: {seeds: [{row: 40}], size: 3}, influence: {targets: [{row: 39}]}}")
    assert inputs.data_for(named, run_checks.targets, wildcards)
    with pytest.raises(WorkflowError, match=r"groups\.seeds names row 40, but the source of data set 'mine' has 40"):
        inputs.data_for(named, run_checks.groups, wildcards)
    # a test image that is put into the training set counts on after its rows
    named["datasets"]["mine"]["inject"] = "pairs.csv"
    assert inputs.data_for(named, run_checks.groups, wildcards)
    # of a file that is away nothing is said here
    Path("mine.npz").unlink()
    assert answers.files(explained(12), wildcards) and inputs.removed_file(asked("{}", removed=[40]), wildcards) == {}


X, Y, IDS = np.arange(24.0).reshape(12, 2), np.arange(12) % 2, [f"pt-{number:02d}" for number in range(12)]


def folder_of_arrays():
    Path("mine").mkdir()
    for name, array in {"x_train": X[:8], "y_train": Y[:8], "x_test": X[8:], "y_test": Y[8:]}.items():
        np.save(f"mine/{name}.npy", array)
    Path("mine/id_train.json").write_text(json.dumps(IDS[:8]))
    np.save("mine/id_test.npy", np.array(IDS[8:], dtype="S"))
    return {"loader": "npz", "path": "mine"}


def archive():
    np.savez("mine.npz", x_train=X[:8], y_train=Y[:8], x_test=X[8:], y_test=Y[8:], id_train=IDS[:8], id_test=IDS[8:])
    return {"loader": "npz", "path": "mine.npz"}


def hdf5_file():
    with h5py.File("mine.h5", "w") as file:
        file["x_train"], file["y_train"], file["x_test"], file["y_test"] = X[:8], Y[:8], X[8:], Y[8:]
        # of variable and of fixed length
        file["id_train"], file["id_test"] = IDS[:8], np.array(IDS[8:], dtype="S")
    return {"loader": "h5", "path": "mine.h5"}


def table(ending, ids=IDS):
    frame = pd.DataFrame({"key": ids, "a": X[:, 0], "label": Y})
    for name, part in (("mine", frame[:8]), ("test", frame[8:])):
        write = part.to_csv if ending == "csv" else part.to_parquet
        write(f"{name}.{ending}", index=False)
    return {"loader": "table", "path": f"mine.{ending}", "test": f"test.{ending}", "label": "label", "id": "key"}


def images():
    for number, name in enumerate(IDS):
        folder = Path("mine", "train" if number < 8 else "test", "ab"[Y[number]])
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2), number).save(folder / f"{name}.png")
    return {"loader": "images", "path": "mine"}


# numbers that pandas holds with a point have none as ids
SOURCES = [archive, folder_of_arrays, hdf5_file, partial(table, "csv"), partial(table, "parquet"),
           partial(table, "parquet", np.arange(12.0)), images]  # fmt: skip


@pytest.mark.parametrize("write", SOURCES)
def test_ids_are_those_that_the_prepared_data_have(tmp_path, monkeypatch, write):
    monkeypatch.chdir(tmp_path)
    dataset = write()
    arrays, _, _ = sources.read(dataset["path"], datasets.complete(dataset))
    found = stored_ids.of(dataset)
    assert {part: sorted(ids) for part, ids in found.items()} == {
        part: sorted(arrays[f"id_{part}"].tolist()) for part in ("train", "test")
    }
    assert [len(found[part]) for part in ("train", "test")] == [8, 4]


def test_ids_without_a_column_are_rows_and_a_table_that_is_split_has_all_in_both_parts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dataset = table("csv") | {"test": 0.5}
    assert stored_ids.of(dataset) == {"train": IDS[:8], "test": IDS[:8]}
    del dataset["id"]
    arrays, _, _ = sources.read(dataset["path"], datasets.complete(dataset))
    assert sorted(stored_ids.of(dataset)["train"]) == sorted([*arrays["id_train"], *arrays["id_test"]])
    assert stored_ids.of({"loader": "npz", "path": "away.npz"}) is None
    assert stored_ids.of({"loader": "toy"}) == {"train": [], "test": []}


def test_ids_that_the_source_lacks_are_refused_before_any_job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = archive()
    wildcards = helpers.wildcards(dataset="mine", model="mlp-l2", seed="0", method="l-relative")

    def asked(written, removed=("pt-03", 3), **more):
        config = merged(written)
        config["studies"] = {"mine": {"dataset": "mine", "model": "mlp-l2", "removed": list(removed)}}
        config["datasets"]["mine"] = source | {"class_names": ["cat", "dog"]} | more
        return settings.prepared(config, SCHEMA)

    groups = "groups: {{seeds: [{{id: {}}}], size: 3}}"
    assert inputs.data_for(asked(groups.format("pt-03")), run_checks.groups, wildcards)
    said = r"groups\.seeds names id 'pt-3', which no training point of 'mine\.npz', the source of data set 'mine', has;"
    with pytest.raises(WorkflowError, match=said + r" perhaps 'pt-03' is meant$"):
        inputs.data_for(asked(groups.format("pt-3")), run_checks.groups, wildcards)
    with pytest.raises(WorkflowError, match=r"names id 'zebra', .* has; ids there are as 'pt-00' and 'pt-07'$"):
        inputs.data_for(asked(groups.format("zebra")), run_checks.groups, wildcards)
    with pytest.raises(WorkflowError, match=r"partition\.apart names id 'pt-09', which no training point"):
        partitions.files(asked("partition: {apart: [[{id: pt-01}, {id: pt-09}]]}"), "partition", wildcards)
    with pytest.raises(WorkflowError, match=r"partition\.together\[0\] holds 8, but data set 'mine' has 8"):
        partitions.files(asked("partition: {together: [[0, 8]]}"), "partition", wildcards)
    # a test point that is put into the training set is one of it
    moved = asked(groups.format("pt-09"), inject="pairs.csv")
    assert inputs.data_for(moved, run_checks.groups, wildcards)
    assert inputs.removed_file(asked("{}"), wildcards) == {}
    with pytest.raises(WorkflowError, match=r"studies\.mine\.removed names id 'pt-11', .* perhaps 'pt-01' is meant"):
        inputs.removed_file(asked("{}", ["pt-01", "pt-11"]), wildcards)
    Path("gone.csv").write_text("rank,id\n1,pt-01\n2,pt-1\n")
    with pytest.raises(WorkflowError, match=r"studies\.mine\.removed, 'gone\.csv', names id 'pt-1', which no"):
        inputs.removed_file(asked("{}") | {"studies": {"mine": {"dataset": "mine", "removed": "gone.csv"}}}, wildcards)
    explained = "answers: {{explanations: {{rows: [3, {}]}}}}"
    assert answers.files(asked(explained.format("pt-11")), wildcards)["data"] == "results/mine/data.h5"
    with pytest.raises(WorkflowError, match=r"answers\.explanations\.rows names id 'pt-03', which no test point of '"):
        answers.files(asked(explained.format("pt-03")), wildcards)
    np.savez("mine.npz", x_train=X[:8], y_train=Y[:8], x_test=X[8:], y_test=Y[8:])
    os.utime("mine.npz", ns=(1, 1))
    with pytest.raises(WorkflowError, match=r"names id 'pt-03', but 'mine\.npz', .* has no ids; name points by \{row"):
        inputs.data_for(asked(groups.format("pt-03")), run_checks.groups, wildcards)


def test_subgroups_of_a_file_without_names_go_by_their_numbers():
    config = merged("groups: {seeds: ['3'], size: 9}")
    config["datasets"]["mine"] = OWN
    run_checks.groups(config, "mine", 70)
    config["groups"]["seeds"] = ["cat"]
    with pytest.raises(settings.SettingError, match=r"groups.seeds names .cat., but data set 'mine' has no names"):
        run_checks.groups(config, "mine", 70)


@pytest.mark.parametrize(
    "check", [run_checks.groups, run_checks.boundary_groups, run_checks.overlap, run_checks.targets]
)
def test_a_class_with_fewer_points_than_are_drawn_is_named(check):
    draws = "[{random: 2, seed: 0}, {each_class: 5, seed: 1}]"
    config = merged(f"{{groups: {{seeds: {draws}, size: 9}}, overlap: {{seeds: {draws}}}}}")
    config["datasets"]["mine"] = OWN | {"class_names": ["cat", "dog"]}
    run_checks.drawn(config, "mine", [70, 5], check)
    if check is run_checks.targets:
        run_checks.drawn(config, "mine", [70, 4], check)
        return
    with pytest.raises(settings.SettingError) as error:
        run_checks.drawn(config, "mine", [70, 4], check)
    section = "overlap" if check is run_checks.overlap else "groups"
    assert str(error.value) == (
        f"{section}.seeds[1].each_class is 5, but class 'dog' of data set 'mine' has 4 training points; "
        "allowed is at most 4"
    )


def test_class_weights_go_by_the_numbers_of_the_data_sets_classes():
    config = merged("{}")
    config["models"]["even"] = {"architecture": "mlp", "hidden": [2], "class_weights": {"dog": 3, "cow": 0.5}}
    config["datasets"] |= {"mine": OWN | {"class_names": ["cat", "dog", "cow"]}, "bare": OWN}
    config["datasets"]["few"] = config["datasets"]["mine"] | {"classes": ["cow", "dog"]}
    config["studies"]["mine"] = {"dataset": "mine", "model": "even"}
    config = settings.prepared(config, SCHEMA)
    settings.check(config, SCHEMA)
    assert run_checks.recipe_of(config, "even", "mine")["class_weights"] == [1, 3, 0.5]
    assert run_checks.recipe_of(config, "even", "few")["class_weights"] == [0.5, 3]
    with pytest.raises(
        settings.SettingError, match=r"models\.even\.class_weights names 'dog', but data set 'bare' has no"
    ):
        run_checks.recipe_of(config, "even", "bare")
    config["models"]["even"]["class_weights"] = {"2": 5}
    assert run_checks.recipe_of(config, "even", "bare")["class_weights"] == [1, 1, 5]
    config["models"]["even"]["class_weights"] = {"dog": 3, "rat": 2}
    with pytest.raises(
        settings.SettingError, match=r'class_weights is "rat", which is not defined; allowed are cat, dog'
    ):
        settings.check(config, SCHEMA)
    for plain in ("balanced", None):
        recipe = config["models"]["even"] = {"architecture": "mlp", "hidden": [2]}
        recipe |= {"class_weights": plain} if plain else {}
        assert run_checks.recipe_of(config, "even", "bare") is recipe


@pytest.mark.parametrize(
    "name", [name for name, study in CONFIG["studies"].items() if study["dataset"].startswith("toy")]
)
def test_groups_of_a_toy_study_grow_from_subgroups_that_its_data_has(name):
    dataset = CONFIG["studies"][name]["dataset"]
    run_checks.groups(CONFIG, dataset, inputs.most_points(CONFIG["datasets"][dataset]))
