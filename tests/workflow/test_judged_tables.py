"""What figures and targets of attribution judged by retraining ask for."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
from snakemake.exceptions import WorkflowError

import helpers
from attribution.methods import base
from attribution.settings import check
from attribution.settings.errors import SettingError
from attribution.workflow import attributions, registry, targets
from helpers import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def config():
    return targets.settings_of(ROOT / "config")


def test_families_and_controls_of_the_methods_that_an_extent_compares(config):
    config["methods"] = {"lds": ["influence-5", "influence-untrained", "random"], "lds_full": ["datamodel-ridge"]}
    known = {extent: attributions.known(config, helpers.wildcards(extent=extent)) for extent in ("small", "full")}
    assert known["small"] == {
        "influence-5": ("influence", False), "influence-untrained": ("influence", True), "random": ("chance", True),
    }  # fmt: skip
    assert known["full"] == {"datamodel-ridge": ("retraining", False)}


def test_every_method_of_pairs_has_a_family_that_figures_know():
    of_pairs = [name for name in registry.METHODS if "pairs" in registry.given(name)]
    assert {registry.told(name, "family") for name in of_pairs} <= set(base.FAMILIES)
    assert set(attributions.CONTROLS) <= set(registry.METHODS)


def test_names_with_a_number_are_names_and_others_are_none():
    for name, is_one in (("random", 1), ("influence-12", 1), ("influence-0", 0), ("random-untrained", 0), ("other", 0)):
        assert bool(re.fullmatch(attributions.NAMES, name)) == is_one


def test_a_target_shown_that_is_not_asked_about_is_refused(config):
    config["truth"] |= {"targets": 3}
    with pytest.raises(SettingError, match=r"truth.shown.targets holds 3, but truth.targets is 3 and the first is 0"):
        attributions.check(config)
    config["truth"]["shown"] = config["truth"]["shown"] | {"targets": [2]}
    attributions.check(config)


def test_a_share_shown_that_is_not_compared_is_refused():
    settings = copy.deepcopy(helpers.parsed({}).globals["config"])
    check.check(settings, helpers.SCHEMA)
    settings["truth"]["shown"]["alpha"] = 0.3
    with pytest.raises(SettingError, match=r"truth.shown.alpha"):
        check.check(settings, helpers.SCHEMA)


@pytest.mark.parametrize(
    ("table", "key"),
    [("lds-small.csv", "attributed"), ("leave-one-out-full.csv", "attributed"), ("seeds.csv", "seeds")],
)
def test_a_table_of_a_target_needs_the_models_or_the_seeds_that_it_is_over(config, table, key):
    # alone: others start from one another
    study = config["studies"]["cifar10-truth"]
    config["studies"] = {"cifar10-truth": study}
    config["targets"] = {"mine": {"builds": [{"study": "cifar10-truth", "tables": [table]}]}}
    study.pop("attributed")
    study[key] = {"attributed": ["cnn"], "seeds": [0, 1]}[key]
    assert targets.files_of(config, "mine") == [
        f"results/cifar10-truth/{name}" for name in (table, "summary-mine.html")
    ]
    del study[key]
    with pytest.raises(WorkflowError, match=rf"studies.cifar10-truth.{key} is missing"):
        targets.files_of(config, "mine")


def of_own(folder, monkeypatch, **more):
    """The workflow of a study of one's own, of model `net`."""
    x, y = np.zeros((40, 2), dtype=np.float32), np.arange(40) % 2
    np.savez(folder / "mine.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    (folder / "net.keras").write_text("")
    monkeypatch.chdir(folder)
    models = {"net": {"architecture": "mlp", "hidden": [4]}} | more
    datasets = {"mine": {"loader": "npz", "path": "mine.npz", "class_names": ["a", "b"]}}
    return helpers.parsed({"studies": {"mine": {"dataset": "mine", "model": "net"}}, "datasets": datasets,
                           "models": models})  # fmt: skip


def read(workflow, path: str) -> list[str]:
    (rule,) = [rule for rule in workflow.rules if rule.is_producer(path)]
    return [str(file) for file in rule.expand_input(rule.get_wildcards(path))[0]]


def test_methods_are_judged_on_the_network_of_ones_own_study(tmp_path, monkeypatch):
    found, home = of_own(tmp_path, monkeypatch), "results/mine/net/seed0"
    assert list(found.get_rule("truth").expand_input({})[0]) == [
        "results/figures/mine/lds-against-seconds-small.png", "results/mine/lds-small.csv",
        "results/mine/summary-truth.html",
    ]  # fmt: skip
    table = f"{home}/judges/lds-fixed-small.csv"
    assert read(found, "results/mine/lds-small.csv")[0] == table
    assert "results/mine/lds-small.csv" in read(found, "results/mine/summary-truth.html")
    named = found.globals["config"]["methods"]["lds"]
    assert "last-layer-untrained" in named

    def judged(workflow):
        files = [path for path in read(workflow, table) if "/attributions/" in path]
        names = workflow.get_rule("measure_lds").params["methods"](
            helpers.wildcards(dataset="mine", model="net", seed="0", truth="fixed", extent="small")
        )
        return dict(zip(names, files, strict=True))

    # without a recipe of the untrained network none is asked for
    expected = {name: f"{home}/attributions/{name}.h5" for name in named if not name.endswith("-untrained")}
    assert judged(found) == expected
    untrained = {"extends": "net", "training": {"epochs": 0}, "below_chance": "warn"}
    more = judged(of_own(tmp_path, monkeypatch, **{"net-untrained": untrained}))
    last = "results/mine/net-untrained/seed0/attributions/last-layer.h5"
    assert more == expected | {"last-layer-untrained": last} and list(more) == named


@pytest.mark.parametrize(
    ("architecture", "words"), [("keras-file", "does not say how it was trained"), ("factors", "the network itself")]
)
def test_a_network_that_cannot_be_trained_again_is_not_judged(tmp_path, monkeypatch, architecture, words):
    found = of_own(tmp_path, monkeypatch, net={"architecture": architecture, "path": "net.keras"})
    for path in ("results/mine/lds-small.csv", "results/mine/embeddings-small.csv"):
        with pytest.raises(
            WorkflowError, match=f"{Path(path).name}: this .*models.net has architecture {architecture}"
        ) as error:
            read(found, path)
        assert words in str(error.value) and "python-file" in str(error.value)
    # nothing is trained for it
    assert read(found, "results/mine/attribution-stability-small.csv")
