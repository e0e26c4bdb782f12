"""The configuration: the default is valid and documented, and what cannot be is refused with one sentence."""

import copy
from pathlib import Path

import pytest
import yaml

from attribution import settings

ROOT = Path(__file__).parent.parent
SCHEMA = yaml.safe_load((ROOT / "config/config.schema.yaml").read_text())
CONFIG = yaml.safe_load((ROOT / "config/config.yaml").read_text())

WRONG = [
    (("groups", "size"), -3, "groups.size is -3; allowed is 1 or more"),
    (("groups", "size"), 600, "groups.size is 600, but data set 'toy' has 532 training points"),
    (("groups", "rule"), "cosine", 'groups.rule is "cosine"; allowed is one of "influence"'),
    (("groups", "sizes"), 3, "groups.sizes is not a setting; allowed here are rule"),
    (("growth", "boundary_share"), 1.0, "growth.boundary_share is 1.0; allowed is more than 0 and less than 1"),
    (("models", "mlp-l1", "training", "epochs"), "ten", 'models.mlp-l1.training.epochs is "ten"; allowed is a value'),
    (("models", "mlp-l1", "dropout"), 1.0, "models.mlp-l1.dropout is 1.0; allowed is 0 or more and less than 1"),
    (("studies", "toy", "model"), "mlp", 'studies.toy.model is "mlp", which is not defined; allowed are mlp-dropout'),
    (("studies", "toy", "target"), "up", 'studies.toy.target is "up", which is not defined; allowed are left'),
    (("influence", "damping", "last_layer", "value"), -1, "influence.damping.last_layer.value is -1; allowed is 0"),
    (("models", "cnn", "architecture"), "vit", 'models.cnn.architecture is "vit"; allowed is one of "mlp", "cnn"'),
    (
        ("models", "cnn", "hidden"),
        [3],
        "models.cnn.hidden is not a setting; allowed here are architecture, rescale, flip",
    ),
    (
        ("models", "cnn", "training", "schedule"),
        "cosine",
        'models.cnn.training.schedule is "cosine"; allowed is a value',
    ),
    (("models", "cnn", "training", "schedule"), {"factor": 0.1}, "models.cnn.training.schedule.epochs is missing"),
    (("models", "cnn", "rescale", "from"), [3, 3], "models.cnn.rescale.from is [3, 3]; allowed are two different"),
    (("models", "mlp-l1", "training", "warmup"), 2, "models.mlp-l1.training.warmup is not a setting; allowed here are"),
    (("models", "own"), {"architecture": "keras-file"}, "models.own.path is missing"),
    (
        ("models", "own"),
        {"architecture": "keras-file", "path": "a.keras", "training": {}},
        "models.own.training is not a setting; allowed here are architecture, path, last_layer, rescale",
    ),
    (("models", "own"), {"architecture": "python-file", "path": "a.py"}, "models.own.training is missing"),
    (("evaluation", "variants"), ["best"], 'evaluation.variants is "best", which is not defined'),
]


def test_the_default_is_valid():
    settings.check(CONFIG, SCHEMA)


def test_mixed_precision_can_be_switched_off_with_and_without_quotes():
    for written in ("off", "'off'"):
        config = copy.deepcopy(CONFIG)
        config["models"]["cnn"]["mixed_precision"] = yaml.safe_load(written)
        settings.check(config, SCHEMA)


@pytest.mark.parametrize(("path", "value", "sentence"), WRONG)
def test_what_cannot_be_is_named_with_what_is_allowed(path, value, sentence):
    config = copy.deepcopy(CONFIG)
    inner = config
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(settings.SettingError) as error:
        settings.check(config, SCHEMA)
    assert str(error.value).startswith(sentence)
    assert "\n" not in str(error.value)


def keys_of(schema):
    """Names of all settings that the schema knows."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield from schema.get("properties", {})
        for value in schema.values():
            yield from keys_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keys_of(value)


def test_every_setting_is_documented():
    text = (ROOT / "config/README.md").read_text()
    assert not [key for key in set(keys_of(SCHEMA)) if f"`{key}`" not in text]
