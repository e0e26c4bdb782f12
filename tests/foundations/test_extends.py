"""`extends`: an entry that starts from another one, in any order and depth, and no circles."""

import copy

import pytest
import yaml
from snakemake.utils import update_config

from attribution.settings import check as settings
from attribution.settings import extends, schema
from attribution.workflow import targets
from helpers import ROOT

SCHEMA = schema.load(ROOT / "config/schema")
CONFIG = targets.settings_of(ROOT / "config")


def prepared(written):
    config = copy.deepcopy(CONFIG)
    update_config(config, yaml.safe_load(written))
    return settings.prepared(config, SCHEMA)


def test_own_keys_win_mappings_are_merged_and_lists_are_not():
    found = prepared("models: {short: {extends: resnet, dropout: 0.1, training: {epochs: 3, schedule: []}}}")["models"]
    resnet = CONFIG["models"]["resnet"]
    assert found["short"] == resnet | {"dropout": 0.1, "training": resnet["training"] | {"epochs": 3, "schedule": []}}
    assert list(found["short"]) == list(resnet) and found["resnet"] == resnet
    settings.check(prepared("models: {short: {extends: resnet}}"), SCHEMA)


def test_a_chain_is_followed_whatever_its_order_and_section():
    found = prepared(
        "{studies: {c: {extends: b, seed: 3}, b: {extends: toy, model: mlp-l1}}, "
        "datasets: {d: {extends: cifar10, points: 40}}}"
    )
    assert found["studies"]["c"] == CONFIG["studies"]["toy"] | {"model": "mlp-l1", "seed": 3}
    assert found["datasets"]["d"] == CONFIG["datasets"]["cifar10"] | {"points": 40}
    assert "extends" not in str(found)


def test_what_is_extended_is_not_shared():
    found = prepared("models: {short: {extends: cnn}}")["models"]
    found["short"]["training"]["epochs"] = 99
    assert found["cnn"]["training"]["epochs"] == CONFIG["models"]["cnn"]["training"]["epochs"]


def test_a_name_may_be_a_number():
    found = prepared("models: {2024: {extends: cnn}, short: {extends: 2024}}")["models"]
    assert found["short"] == found["2024"] == CONFIG["models"]["cnn"]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("models: {a: {extends: b}, b: {extends: c}, c: {extends: a}}",
         r"models.a.extends closes a circle \(a -> b -> c -> a\); one of them must hold its settings itself"),
        ("studies: {a: {extends: a}}", r"studies.a.extends closes a circle \(a -> a\)"),
        ("models: {a: {extends: b}, b: {extends: b}}", r"models.b.extends closes a circle \(b -> b\)"),
        ("models: {a: {extends: vit}}", 'models.a.extends is "vit", which is not defined; allowed are mlp-dropout'),
        ("models: {a: {extends: [cnn]}}", r'models.a.extends is \["cnn"\], which is not defined'),
        ("{datasets: {toy: null, a: {extends: toy}}}", 'datasets.a.extends is "toy", which is not defined'),
        ("models: {a: {extends: cnn, hidden: [2]}}", "models.a.hidden is not a setting; allowed here are architecture"),
        ("groups: {variants: {a: {extends: minimum}}}", "groups.variants.a.extends is not a setting"),
    ],
)  # fmt: skip
def test_what_cannot_be_extended_is_a_sentence(written, sentence):
    with pytest.raises(settings.SettingError, match=f"^{sentence}") as error:
        prepared(written)
    assert "\n" not in str(error.value)


def test_what_is_no_mapping_is_left_to_the_schema():
    assert extends.resolved({"models": 5, "studies": {"a": {"extends": "b"}, "b": 3}}) == {
        "models": 5, "studies": {"a": 3, "b": 3}
    }  # fmt: skip


def test_short_recipes_are_those_they_were_as_copies():
    config = copy.deepcopy(CONFIG)
    update_config(config, yaml.safe_load((ROOT / "config/cifar10.yaml").read_text()))
    found = settings.prepared(config, SCHEMA)["models"]
    assert found["vgg19-short"]["training"] == {
        "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "epochs": 9, "batch_size": 32,
        "schedule": [{"epoch": 6, "factor": 0.5}, {"epoch": 8, "factor": 0.5}], "warmup": 1,
    }  # fmt: skip
    assert found["resnet-short"] | {"training": 0} == found["resnet"] | {"training": 0}
