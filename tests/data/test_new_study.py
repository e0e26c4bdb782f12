"""Settings that are written from one's own data and network, and what they build."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

import helpers
import prepare_arrays
from attribution.data import new_study, seed_points, sources
from attribution.files import hdf5
from attribution.files.results.data import SUBGROUP_TRAIN, X_TRAIN, Y_TRAIN
from attribution.settings import datasets
from attribution.workflow import studies, targets

MLP = {"architecture": "mlp", "hidden": [64, 32]}
SIZES = {"table": (5,), "digits": (8, 8), "photos": (32, 32, 3), "plane": (2,)}


def data(folder, shape, name="mine", dtype=np.uint8, classes=3, n=60, scale=255):
    rng = np.random.default_rng(0)
    x = (scale * rng.random((n, *shape))).astype(dtype)
    y = np.arange(n) % classes
    np.savez(folder / f"{name}.npz", x_train=x, y_train=y, x_test=x[:9], y_test=y[:9])


def keras_file(path, *widths):
    layers = [{"class_name": "Dense", "config": {"name": f"d{i}", "units": width}} for i, width in enumerate(widths)]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {"layers": layers}}))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("shape", "changed", "recipe"),
    [
        ((32, 32, 3), {}, {"architecture": "cnn", "rescale": {"from": [0, 255], "to": [-1, 1]}}),
        ((8, 8), {"scale": 16.5}, MLP | {"rescale": {"from": [0, 16], "to": [-1, 1]}}),
        ((5,), {"dtype": float}, MLP | {"standardise": True}),
        ((5,), {"dtype": float, "scale": 2.0}, MLP),
    ],
)  # fmt: skip
def test_the_network_is_one_that_takes_the_data(folder, shape, changed, recipe):
    data(folder, shape, **changed)
    assert (
        new_study.main(["mine", "mine.npz", ""])
        == "mine.yaml is written; look at it, and run make run SETTINGS=mine.yaml"
    )
    written = yaml.safe_load((folder / "mine.yaml").read_text())
    assert written["models"]["mine"] == recipe
    assert written["datasets"]["mine"] == {"loader": "npz", "path": "mine.npz", "class_names": ["0", "1", "2"]}
    assert written["studies"]["mine"]["groups"]["size"] == 20
    lines = [line for line in (folder / "mine.yaml").read_text().splitlines() if not line.lstrip().startswith("#")]
    assert len(lines) < 10


def test_a_study_of_images_names_the_recipe_by_which_attribution_holds(folder):
    data(folder, (32, 32, 3))
    new_study.main(["mine", "mine.npz", ""])
    (named,) = re.findall(r"with `(activation: .+?)` what", (folder / "mine.yaml").read_text())
    recipe = helpers.CONFIG["models"]["cnn-elu"]
    training = {"epsilon": recipe["training"]["epsilon"]}
    assert yaml.safe_load(f"{{{named}}}") == {"activation": recipe["activation"], "training": training}


@pytest.mark.parametrize("texts", [False, True])
def test_a_study_of_many_points_has_a_target_of_each_class(folder, monkeypatch, texts):
    """What the job resolves in the shuffled data.h5 has the label that its name says."""
    monkeypatch.setattr(new_study, "ALL_PAIRS", 59)
    data(folder, (5,), classes=7)
    with np.load("mine.npz") as file:
        arrays = dict(file)
    if texts:
        arrays |= {name: np.array(list("gfedcba"))[arrays[name]] for name in ("y_train", "y_test")}
        np.savez(folder / "mine.npz", **arrays)
    new_study.main(["mine", "mine.npz"])
    names = yaml.safe_load((folder / "mine.yaml").read_text())["studies"]["mine"]["influence"]["targets"]
    assert names == (list("abcdefg") if texts else list("0123456"))
    config = helpers.parsed({}, [folder / "mine.yaml"]).globals["config"]
    wildcards = helpers.wildcards(dataset="mine")
    settings, subgroups = studies.data_settings(config, wildcards), studies.subgroups(config, wildcards)
    prepare_arrays.prepare_arrays("mine.npz", None, settings, subgroups, "data.h5", {})
    x, y, subgroup = hdf5.read("data.h5", X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    assert y.tolist() != arrays["y_train"].tolist()  # the order of the file says nothing
    rows = seed_points.resolve(studies.influence_targets(config, wildcards), x, subgroup, subgroups)
    assert y[rows].tolist() == list(range(7))


def grouped(folder):
    """Two classes in five subgroups, of which one has no training point."""
    data(folder, (5,), classes=2, n=80, dtype=float)
    with np.load("mine.npz") as file:
        arrays = dict(file)
    arrays["subgroup_train"] = (arrays["y_train"] + 2 * (np.arange(80) % 16 > 3)) * np.where(arrays["y_train"], 1, 2)
    np.savez(folder / "mine.npz", **arrays)
    (folder / "arrays").mkdir()
    for name, array in arrays.items():
        np.save(f"arrays/{name}.npy", array)
    with h5py.File("mine.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return arrays


@pytest.mark.parametrize("source", ["mine.npz", "mine.h5", "arrays"])
def test_known_subgroups_are_what_groups_grow_from(folder, monkeypatch, source):
    monkeypatch.setattr(new_study, "ALL_PAIRS", 59)
    arrays = grouped(folder)
    counts = np.bincount(arrays["subgroup_train"])
    assert counts.tolist() == [10, 10, 0, 30, 30]
    new_study.main(["mine", source])
    written = yaml.safe_load((folder / "mine.yaml").read_text())
    assert written["datasets"]["mine"]["subgroup_names"] == ["0", "1", "2", "3", "4"]
    study = written["studies"]["mine"]
    assert study["groups"] == {"rule": "l-relative", "seeds": [{"each_subgroup": 1, "seed": 0}], "size": 10}
    assert study["influence"]["targets"] == ["0", "1", "3", "4"]
    assert list(written["models"]) == ["mine", "mine-untrained"]
    config = helpers.parsed({}, [folder / "mine.yaml"]).globals["config"]
    of = helpers.wildcards(dataset="mine")
    settings, subgroups = studies.data_settings(config, of), studies.subgroups(config, of)
    prepare_arrays.prepare_arrays(source, None, settings, subgroups, "data.h5", {})
    x, y, subgroup = hdf5.read("data.h5", X_TRAIN, Y_TRAIN, SUBGROUP_TRAIN)
    assert np.bincount(subgroup).tolist() == counts.tolist()
    rows = seed_points.resolve(studies.influence_targets(config, of), x, subgroup, subgroups)
    assert subgroup[rows].tolist() == [0, 1, 3, 4]
    _, seeds = seed_points.seeds(study["groups"]["seeds"], x, y, subgroup, subgroups, [])
    assert subgroup[seeds].tolist() == [0, 1, 3, 4]


def test_jobs_of_a_study_with_subgroups_end_in_how_parts_agree_with_them(folder):
    grouped(folder)
    new_study.main(["mine", "mine.npz"])
    (target,) = re.findall("TARGET=(.*)", (folder / "mine.yaml").read_text())
    command = [Path(sys.executable).with_name("snakemake"), "-s", helpers.ROOT / "Snakefile", "--cores", "1", "-n"]
    command += ["--workflow-profile", helpers.ROOT / "profiles/default", "--configfile", "mine.yaml"]
    for wanted, rules in ((["own"], {"find_groups", "write_explore_page"}), ([target], {"partition_training_set"})):
        done = subprocess.run([*command, "--", *wanted], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert all(f"\nrule {rule}:" in done.stdout + done.stderr for rule in rules)


def test_subgroups_that_are_no_numbers_are_a_sentence_with_the_way(folder):
    arrays = grouped(folder)
    np.savez("mine.npz", **arrays | {"subgroup_train": arrays["subgroup_train"].astype(str)})
    with pytest.raises(ValueError, match=r"mine.npz: subgroup_train has dtype <U.*return_inverse=True\) numbers texts"):
        new_study.main(["mine", "mine.npz"])
    assert not (folder / "mine.yaml").exists()


def test_few_points_of_a_class_bound_what_is_compared(folder):
    data(folder, (5,))
    assert "overlap" not in yaml.safe_load(new_study.settings("mine", "mine.npz"))
    data(folder, (5,), classes=12)
    found = yaml.safe_load(new_study.settings("mine", "mine.npz"))["overlap"]
    assert found == {"seeds": [{"random": 30, "seed": 1}], "size": 25}
    # of 12 classes 8 points each are drawn
    data(folder, (5,), classes=12, n=96)
    assert "overlap" not in yaml.safe_load(new_study.settings("mine", "mine.npz"))


def test_a_table_names_its_label_and_its_classes(folder):
    (folder / "mine.csv").write_text("a,b,kind\n" + "".join(f"{i},{i % 7},{'xyz'[i % 3]}\n" for i in range(60)))
    with pytest.raises(ValueError, match=r"mine.csv has columns a, b, kind; name the one of labels, LABEL=NAME"):
        new_study.main(["mine", "mine.csv"])
    new_study.main(["mine", "mine.csv", "", "kind"])
    found = yaml.safe_load((folder / "mine.yaml").read_text())["datasets"]["mine"]
    assert found == {"loader": "table", "path": "mine.csv", "label": "kind", "class_names": ["x", "y", "z"]}


def test_a_trained_network_is_cut_where_it_has_an_output_a_class(folder):
    data(folder, (5,))
    for widths, expected in (((8, 3), {}), ((8, 3, 1), {"last_layer": "d1"})):
        keras_file("net.keras", *widths)
        found = yaml.safe_load(new_study.settings("mine", "mine.npz", "net.keras"))["models"]["mine"]
        assert found == {"architecture": "keras-file", "path": "net.keras"} | expected
    keras_file("net.keras", 8, 4)
    with pytest.raises(
        ValueError, match=r"net.keras has no Dense layer with an output for each of the data's 3 classes"
    ):
        new_study.settings("mine", "mine.npz", "net.keras")
    with pytest.raises(ValueError, match=r"mine.npz is no .keras file"):
        new_study.settings("mine", "mine.npz", "mine.npz")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["", "mine.npz"], "give a name and a file"),
        (["a b", "mine.npz"], "NAME is 'a b'; allowed are letters"),
        (["own", "mine.npz"], "NAME is 'own', which results/ uses itself"),
        (["mine", "mine.txt"], "mine.txt ends in none of .npz, .h5"),
        (["mine", "other.npz"], "other.npz does not exist"),
        (["there", "mine.npz"], "there.yaml is there already, and is not written over"),
    ],
)
def test_what_cannot_be_is_a_sentence_and_nothing_is_written(folder, arguments, sentence):
    data(folder, (5,))
    (folder / "there.yaml").write_text("mine: 1\n")
    with pytest.raises(ValueError, match=sentence):
        new_study.main(arguments)
    assert {path.name for path in folder.iterdir()} == {"mine.npz", "there.yaml"}
    assert (folder / "there.yaml").read_text() == "mine: 1\n"


# what the written settings build
ANSWERS = ["confusion", "suspicious", "explanations"]


def parsed(folder, **changed):
    data(folder, SIZES[changed.pop("kind", "table")], **changed)
    new_study.main(["mine", "mine.npz"])
    return helpers.parsed({}, [folder / "mine.yaml"])


def files(workflow) -> list[str]:
    return [str(path) for path in workflow.get_rule("own").expand_input({})[0]]


@pytest.mark.parametrize(
    ("kind", "classes", "figures"),
    [
        ("table", 3, ["training-curves", "overlap"]),
        ("plane", 2, ["training-curves", "04-dataset", "decision-boundary", "05-self-influence", "overlap"]),
        ("plane", 3, ["training-curves", "overlap"]),
        ("digits", 3, ["training-curves", "extreme-images", "11-groups", "overlap"]),
    ],
)
def test_without_a_target_the_study_is_built_with_the_figures_that_its_data_has(folder, kind, classes, figures):
    workflow = parsed(folder, kind=kind, classes=classes)
    assert workflow.default_target == "own"
    results = [f"results/mine/mine/seed0/{name}" for name in targets.OWN_RESULTS]
    pictures = [f"results/figures/mine/{name}.png" for name in [*figures, *ANSWERS]]
    assert files(workflow) == [*pictures, *results, "results/mine/summary.html"]
    made = [any(rule.is_producer(path) for rule in workflow.rules) for path in files(workflow)]
    assert all(made)


def test_a_trained_network_has_no_curves(folder):
    data(folder, (5,))
    keras_file("net.keras", 8, 3)
    new_study.main(["mine", "mine.npz", "net.keras"])
    assert files(helpers.parsed({}, [folder / "mine.yaml"]))[0] == "results/figures/mine/overlap.png"


def test_the_report_stands_in_the_studys_folder(folder):
    data(folder, (5,))
    new_study.main(["mine", "mine.npz"])
    assert targets.main(["--report", "", "mine.yaml"]) == "results/mine/report.html"
    assert targets.main(["--report", "truth", "mine.yaml"]) == "results/mine/report-truth.html"
    (folder / "tiny.yaml").write_text("studies: {toy: {seeds: [0]}}\n")
    assert targets.main(["--report", "", "tiny.yaml"]) == "results/report.html"
    assert targets.main(["--report", "toy toy_seeds", "tiny.yaml"]) == "results/report-toy-toy_seeds.html"


def test_settings_that_add_no_study_build_what_they_did():
    found = helpers.parsed({"studies": {"toy": {"seeds": [0]}}})
    assert found.default_target == "toy" and "own" not in {rule.name for rule in found.rules}
    mine = {"mine": {"description": "the data", "builds": [{"study": "toy", "figures": ["04-dataset"]}]}}
    assert helpers.parsed({"targets": mine}).default_target == "mine"


def test_a_data_set_without_a_study_is_a_sentence(folder):
    data(folder, (5,))
    workflow = helpers.parsed({"datasets": {"mine": {"loader": "npz", "path": "mine.npz"}}})
    assert workflow.default_target == "own"
    with pytest.raises(Exception, match=r"no study names data set 'mine'; add one to your settings, studies: \{mine:"):
        files(workflow)


def test_a_figure_of_other_data_is_refused_with_those_that_there_are(folder):
    workflow = parsed(folder)
    for name, words in (
        ("04-dataset", "points in a plane"),
        ("11-groups", "images"),
        ("rules-and-recipes", "toy data"),
    ):
        path = f"results/figures/mine/{name}.png"
        rule = next(rule for rule in workflow.rules if rule.is_producer(path))
        with pytest.raises(Exception, match=rf"figure {name} shows .*{words}.* figures of study 'mine' are .*overlap"):
            rule.expand_input({"study": "mine", "variant": ""})
    assert studies.kinds_of_data(workflow.globals["config"]["datasets"]["mine"]) == {"others"}


def test_rare_classes_are_told_of_weights(folder):
    data(folder, (5,))
    assert "class_weights" not in new_study.settings("mine", "mine.npz")
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [30, 10])
    arrays = {"x_train": rng.normal(size=(40, 5)), "y_train": y, "x_test": rng.normal(size=(8, 5)), "y_test": y[26:34]}
    np.savez(folder / "mine.npz", **arrays)
    text = new_study.settings("mine", "mine.npz")
    assert "# there are rare classes; `class_weights: balanced` lets each class count the same in the loss" in text
    assert yaml.safe_load(text)["models"]["mine"] == MLP
    np.savez(folder / "mine.npz", **arrays | {"y_train": np.repeat([0, 1], [29, 11])})
    assert "class_weights" not in new_study.settings("mine", "mine.npz")


@pytest.mark.parametrize(
    ("header", "line", "named"),
    [
        ("a,unit,kind", lambda i: f"{i},M-{i},{'xyz'[i % 3]}", "unit"),
        # of numbers by their name alone, and not where one comes twice or is missing
        ("a,patient_id,kind", lambda i: f"{i / 2},{900 - i},{'xyz'[i % 3]}", "patient_id"),
        (",a,kind", lambda i: f"{i},{i / 2},{'xyz'[i % 3]}", "Unnamed: 0"),
        ("a,id,kind", lambda i: f"{i / 2},{i // 2},{'xyz'[i % 3]}", None),
        ("a,unit,kind", lambda i: f"{i},{f'M-{i}' if i else ''},{'xyz'[i % 3]}", None),
        ("a,weight,kind", lambda i: f"{i},{900 - i},{'xyz'[i % 3]}", None),
    ],
)
def test_a_column_that_names_the_rows_is_no_input(folder, header, line, named):
    (folder / "mine.csv").write_text("\n".join([header, *map(line, range(60))]) + "\n")
    text = new_study.settings("mine", "mine.csv", label="kind")
    dataset = yaml.safe_load(text)["datasets"]["mine"]
    assert dataset.get("id") == named and ("`id` names the points" in text) == (named is not None)
    arrays, _, facts = sources.read("mine.csv", datasets.complete(dataset))
    assert named is None or (named not in facts["columns"] and arrays["x_train"].shape == (48, 1))
