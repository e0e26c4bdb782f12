"""What figures and targets of attribution judged by retraining ask for."""

import copy
import re

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
