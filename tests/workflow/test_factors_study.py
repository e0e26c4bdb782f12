"""Runs of features and last layer alone: what they have, what needs the network says so, and one by the command."""

import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

import helpers
from attribution.data import new_study
from attribution.workflow import methods, targets

N, M, D, C = 60, 15, 4, 3
RUN = {"dataset": "mine", "model": "mine", "seed": "0"}
HOME = "results/mine/mine/seed0"


def arrays(seed=0):
    """Points in three clusters and a last layer that tells them apart."""
    rng = np.random.default_rng(seed)
    weights = 2 * np.eye(D)[:, :C]
    found = {"weights": weights, "bias": np.zeros(C)}
    for part, n in (("train", N), ("test", M)):
        y = np.arange(n) % C
        found[f"features_{part}"] = rng.normal(scale=0.4, size=(n, D)) + weights.T[y]
        found[f"labels_{part}"] = y
    return found


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "mine.npz", **arrays())
    return tmp_path


# settings


def written(*arguments):
    new_study.main(["mine", *arguments])
    return yaml.safe_load(Path("mine.yaml").read_text())


@pytest.mark.parametrize("arguments", [("", "", "", "mine.npz"), ("mine.npz",)])
def test_one_file_is_the_data_and_the_last_layer(arguments):
    found = written(*arguments)
    assert found["datasets"]["mine"] == {"loader": "npz", "path": "mine.npz", "class_names": ["0", "1", "2"]}
    assert found["models"]["mine"] == {"architecture": "factors", "path": "mine.npz"}
    assert found["studies"]["mine"]["groups"]["size"] == 20


def test_inputs_of_another_file_are_the_data():
    x = {f"x_{part}": np.zeros((n, 8, 8), np.uint8) for part, n in (("train", N), ("test", M))}
    np.savez("images.npz", **x, y_train=np.arange(N) % C, y_test=np.arange(M) % C)
    found = written("images.npz", "", "", "mine.npz")
    assert (found["datasets"]["mine"]["path"], found["models"]["mine"]["path"]) == ("images.npz", "mine.npz")


@pytest.mark.parametrize(
    ("change", "arguments", "sentence"),
    [
        ({}, ("mine.npz", "a.keras", "", "mine.npz"), "MODEL is a.keras and FACTORS mine.npz; give one of them"),
        ({"weights": None}, ("mine.npz",), r"mine.npz has no array weights or logits_train; features and last layer"),
        ({"features_train": None}, ("", "", "", "mine.npz"), "mine.npz has no array x_train"),
        ({}, ("mine.npz", "", "", "mine.pt"), r"mine.pt is no .npz or .h5 file; write features"),
        ({}, ("", "", "", ""), "give a name and a file"),
    ],
)
def test_what_cannot_be_is_a_sentence(change, arguments, sentence):
    np.savez("mine.npz", **{name: array for name, array in (arrays() | change).items() if array is not None})
    with pytest.raises(ValueError, match=sentence):
        written(*arguments)
    assert not Path("mine.yaml").exists()


# what there is, and what says that it is not


@pytest.fixture(scope="module")
def workflow(tmp_path_factory):
    """Read once; the file that its settings name lies in every test's folder."""
    folder = tmp_path_factory.mktemp("workflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        np.savez("mine.npz", **arrays())
        written("mine.npz")
        return helpers.parsed({}, [folder / "mine.yaml"])


def asked(workflow, path: str, **wildcards) -> list[str]:
    """Inputs of the rule that makes a file."""
    (rule,) = (rule for rule in workflow.rules if rule.is_producer(path))
    return [str(file) for file in rule.expand_input(wildcards)[0]]


def test_what_is_built_of_the_study_needs_no_network(workflow):
    waiting, seen = [str(path) for path in workflow.get_rule("own").expand_input({})[0]], set()
    assert f"{HOME}/explore.html" in waiting and f"{HOME}/explanations.csv" in waiting
    while waiting:
        path = waiting.pop()
        makers = [rule for rule in workflow.rules if rule.is_producer(path)]
        if path in seen or not makers:
            continue
        seen.add(path)
        (rule,) = makers
        waiting += map(str, rule.expand_input(dict(rule.get_wildcards(path)))[0])
    assert {f"{HOME}/gradients.h5", f"{HOME}/explanations/last-layer.h5"} <= seen
    assert not any("model.keras" in path or "trak" in path for path in seen)


REFUSED = {
    f"{HOME}/model.keras": ({}, "model.keras"),
    f"{HOME}/history.csv": ({}, "model.keras"),
    f"{HOME}/all_layers/gradients.h5": ({"scope": "/all_layers"}, "scope all_layers"),
    f"{HOME}/truth/fixed-alpha0.5-0.h5": ({"truth": "fixed", "sets": "alpha0.5", "shard": "0"}, "retraining"),
    f"{HOME}/retraining/leave-one-out-0.h5": ({"repetition": "0"}, "retraining"),
    f"{HOME}/retraining/groups-0.h5": ({"repetition": "0"}, "retraining"),
    f"{HOME}/retraining/subsets-alpha0.5-0.h5": ({"alpha": "0.5", "shard": "0"}, "retraining"),
    f"{HOME}/partition-removals-fixed.h5": ({"truth": "fixed"}, "retraining"),
    f"{HOME}/brittleness/last-layer.h5": ({"method": "last-layer"}, "retraining"),
    f"{HOME}/judges/smoothness.csv": ({}, "retraining"),
    f"{HOME}/folds.h5": ({}, "training in folds"),
    f"{HOME}/scores/tracin.h5": ({"scope": "", "method": "tracin"}, "method 'tracin'"),
    f"{HOME}/scores/trak.h5": ({"scope": "", "method": "trak"}, "method 'trak'"),
    f"{HOME}/explanations/trak.h5": ({"method": "trak"}, "method 'trak'"),
    f"{HOME}/attributions/gauss-newton.h5": ({"method": "gauss-newton"}, "method 'gauss-newton'"),
    f"{HOME}/group-removals/newton-all-layers.h5": ({"method": "newton-all-layers"}, "method 'newton-all-layers'"),
    f"{HOME}/scores/overlap/tracin.h5": ({"scope": "", "table": "overlap", "method": "tracin"}, "method 'tracin'"),
}


@pytest.mark.parametrize("path", REFUSED)
def test_what_needs_the_network_says_so_before_any_job(workflow, path):
    wildcards, what = REFUSED[path]
    with pytest.raises(Exception, match=re.escape(f"{what}: this needs the network itself, and models.mine")) as error:
        asked(workflow, path, **RUN, **wildcards)
    assert "keras-file, or as python-file where it is trained again" in str(error.value)


def test_tables_leave_out_methods_of_the_network_and_keep_those_of_others():
    config = helpers.CONFIG
    models = {"mine": {"architecture": "factors"}, "net": {"architecture": "mlp"}}
    config = config | {"models": models}
    for table, left in (("inspection", "self-influence"), ("labels", "loss"), ("lds", "last-layer")):
        chosen = config["methods"][table]
        found = methods.possible(config, chosen, "mine")
        assert left in found and not any(methods.of_network(name) for name in found) and len(found) < len(chosen)
        assert methods.possible(config, chosen, "net") == chosen
    of = [
        name for name in ("trak", "tracin", "source", "loss-out-of-sample", "datamodel-ridge", "l-relative-untrained")
    ]
    assert all(map(methods.of_network, of))
    kept = (
        "l-relative",
        "last-layer-damped",
        "representer",
        "newton",
        "boundary",
        "boundary-simple",
        "random",
        "margin",
    )
    assert not any(map(methods.of_network, kept))


def test_lists_of_nothing_but_methods_of_the_network_are_refused(folder):
    written("mine.npz")
    changed = {"methods": {"explanations": ["trak"], "partition": ["tracin-unit", "random"]}}
    workflow = helpers.parsed(changed, [folder / "mine.yaml"])
    for name, sentence in (
        ("explanations.csv", "methods.explanations trak: this needs"),
        ("partition.h5", "methods.partition tracin-unit, random: this needs"),
    ):
        with pytest.raises(Exception, match=sentence):
            asked(workflow, f"{HOME}/{name}", **RUN)


# by the command


@pytest.mark.slow
def test_a_run_by_the_command(folder):
    written("mine.npz")
    small = {"methods": {"suspicious": ["loss"], "explanations": ["last-layer", "trak"]}}
    Path("small.yaml").write_text(yaml.safe_dump(small))
    names = ("groups.h5", "boundary.h5", "partition.h5", "suspicious.csv", "explanations.csv")

    def snakemake(*wanted, options=()):
        command = [Path(sys.executable).with_name("snakemake"), "-s", helpers.ROOT / "Snakefile", "--cores", "1"]
        command += ["--workflow-profile", helpers.ROOT / "profiles/default", "--configfile", "mine.yaml", "small.yaml"]
        done = subprocess.run([*command, *options, "--", *wanted], cwd=folder, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    code, text = snakemake(*(f"{HOME}/{name}" for name in names))
    assert code == 0, text
    given = arrays()
    with h5py.File("results/mine/data.h5") as file:
        index = file["index_train"][()]
        assert file["y_train"][()].tolist() == given["labels_train"][index].tolist()
    with h5py.File(f"{HOME}/gradients.h5") as file:
        np.testing.assert_array_equal(file["features_train"][:, :-1], given["features_train"][index])
        assert file.attrs["created_by"] == "read_factors"
    assert set(pd.read_csv(f"{HOME}/explanations.csv")["method"]) == {"last-layer"}
    with h5py.File(f"{HOME}/partition.h5") as file:
        parts = list(file)
    assert "l-relative" in parts and "input-euclidean" in parts
    assert not any("tracin" in name or "untrained" in name or "network" in name for name in parts)
    # clusters are found by what the last layer knows, not by a table of the file's order
    with h5py.File(f"{HOME}/groups.h5") as file, h5py.File("results/mine/data.h5") as data:
        y = data["y_train"][()]
        share = [np.mean(y[group["members"][()]] == y[int(seed)]) for seed, group in file.items()]
    assert len(share) == C and min(share) > 0.8
    code, text = snakemake(f"{HOME}/scores/trak.h5")
    assert code and "method 'trak': this needs the network itself, and models.mine has architecture factors" in text
    # a run that is whole is not run again
    code, text = snakemake(*(f"{HOME}/{name}" for name in names), options=["-n"])
    assert code == 0 and "Nothing to be done" in text, text


def test_figures_of_the_network_in_the_plane_are_not_offered(folder):
    content = {name: array[:, :2] if name.startswith("features") else array for name, array in arrays().items()}
    content |= {f"labels_{part}": content[f"labels_{part}"] % 2 for part in ("train", "test")}
    np.savez("mine.npz", **content | {"weights": np.eye(2), "bias": np.zeros(2)})
    written("mine.npz")
    config = helpers.parsed({}, [folder / "mine.yaml"]).globals["config"]
    found = targets.own_figures(config, "mine")
    assert "04-dataset" in found and not {"decision-boundary", "05-self-influence", "training-curves"} & set(found)
