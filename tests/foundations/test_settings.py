"""The configuration: the default is valid and documented, and what cannot be is refused with one sentence."""

import copy

import pytest
import yaml
from snakemake.utils import update_config

from attribution.costs import data_sizes
from attribution.settings import bootstrap, datasets, defaults, extends
from attribution.settings import check as settings
from attribution.workflow import targets
from every_check import check_with_studies, merged
from helpers import CONFIG, ROOT, SCHEMA

WRONG = [
    (("groups", "size"), -3, "groups.size is -3; allowed is 1 or more"),
    (("groups", "size"), 600, "groups.size is 600, but data set 'toy' has 532 training points"),
    (("groups", "seeds"), [[17, 17]], "groups.seeds[0] is [17, 17]; allowed is a list without repetitions"),
    (("groups", "seeds"), [[]], "groups.seeds[0] is []; allowed is a list of 1 or more values"),
    (("groups", "seeds"), [[-1]], "groups.seeds[0][0] is -1; allowed is 0 or more"),
    (("overlap", "seeds"), [[1, 2]], "overlap.seeds[0] is [1, 2]; allowed is a value of type integer or string or obj"),
    (("groups", "rule"), 3, "groups.rule is 3; allowed is a value of type string"),
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
    (("models", "own"), {"architecture": "python-file"}, "models.own.path is missing"),
    (("models", "own"), {"architecture": "mlp"}, "models.own.hidden is missing"),
    (
        ("models", "cnn", "class_weights"),
        "even",
        'models.cnn.class_weights is "even"; allowed is balanced, or weights above 0 by names of classes',
    ),
    (("models", "cnn", "class_weights"), {"cat": 0}, "models.cnn.class_weights.cat is 0; allowed is more than 0"),
    (("models", "cnn", "class_weights"), {}, "models.cnn.class_weights is {}; allowed is balanced, or weights above 0"),
    (
        ("models", "cnn", "class_weight"),
        "balanced",
        "models.cnn.class_weight is not a setting: it is called class_weights: balanced, or a weight for each class",
    ),
    (
        ("models", "cnn", "training", "validation_split"),
        0.1,
        "models.cnn.training.validation_split is not a setting: points are held out from a data set, by datasets.NAME",
    ),
    (("truth", "shown", "targets"), [0, 60], "truth.shown.targets holds 60, but truth.targets is 60; allowed are"),
    (("evaluation", "variants"), ["best"], 'evaluation.variants is "best", which is not defined'),
    (("datasets", "cifar10", "point"), 9, "datasets.cifar10.point is not a setting; allowed here are loader, archive"),
    (("datasets", "cifar10", "discs"), [], "datasets.cifar10.discs is not a setting; allowed here are loader, archive"),
    (("datasets", "cifar10", "loader"), "cifar", 'datasets.cifar10.loader is "cifar"; allowed is one of "toy"'),
    (("datasets", "cifar10", "points"), "few", 'datasets.cifar10.points is "few"; allowed is all, or a whole'),
    (("datasets", "cifar10", "points"), 60000, "datasets.cifar10.points is 60000; allowed is 10 to 50000"),
    (("datasets", "cifar10", "points"), 1, "datasets.cifar10.points is 1; allowed is 2 or more"),
    (("datasets", "cifar10", "test_points"), 9, "datasets.cifar10.test_points is 9; allowed is 10 to 10000"),
    (("datasets", "cifar10", "flipped"), 1, "datasets.cifar10.flipped is 1; allowed is 0 or more and less than 1"),
    (("datasets", "cifar10", "classes"), "cat", 'datasets.cifar10.classes is "cat"; allowed is all, or a list'),
    (("datasets", "cifar10", "classes"), ["cat"], 'datasets.cifar10.classes is ["cat"]; allowed is a list of 2'),
    (("datasets", "cifar10", "classes"), ["cat", "cow"], 'datasets.cifar10.classes is "cow", which is not defined'),
    (("datasets", "cifar10", "digest"), "c32a", 'datasets.cifar10.digest is "c32a"; allowed is md5: and 32 or sha256:'),
    (("datasets", "cifar10", "superclasses"), {"a": ["cat"]}, "datasets.cifar10.superclasses has only 'a'"),
    (
        ("datasets", "cifar10", "superclasses"),
        {"pets": ["cat", "dog"], "others": ["dog"]},
        "datasets.cifar10.superclasses has 'dog' in pets and in others",
    ),
    (
        ("datasets", "cifar10", "superclasses"),
        {"pets": ["cat", "dog"], "others": ["ship"]},
        "datasets.cifar10.superclasses leaves out airplane, automobile, bird",
    ),
    (("datasets", "mine"), {"path": "x"}, "datasets.mine.loader is missing; set it"),
    (("datasets", "mine"), {"loader": "npz"}, "datasets.mine.path is missing; set it"),
    (("datasets", "mine"), {"loader": "h5", "path": "x", "noise": 1}, "datasets.mine.noise is not a setting"),
    (
        ("datasets", "mine"),
        {"loader": "h5", "path": "x", "classes": ["1", "2"]},
        "datasets.mine.classes names classes; give datasets.mine.class_names too",
    ),
    (("groups", "seeds"), [{"random": 0, "seed": 0}], "groups.seeds[0].random is 0; allowed is 1 or more"),
    (("groups", "seeds"), [{"random": 3}], "groups.seeds[0].seed is missing; set it"),
    (("groups", "seeds"), [{"seed": 0}], 'groups.seeds[0] is {"seed": 0}; allowed is one of random, each_class'),
    (
        ("groups", "seeds"),
        [{"row": 3, "seed": 0}],
        'groups.seeds[0] is {"row": 3, "seed": 0}; allowed is one of random',
    ),
    (("groups", "seeds"), [[{"row": 3, "id": "a"}]], "groups.seeds[0][0] is {"),
    (("groups", "seeds"), [{"row": -1}], "groups.seeds[0].row is -1; allowed is 0 or more"),
    (("groups", "seeds"), [{"row": []}], "groups.seeds[0].row is []; allowed is a list of 1 or more values"),
    (("groups", "excluded"), ["a"], 'groups.excluded[0] is "a"; allowed is a value of type integer or object'),
    (("groups", "excluded"), [{"random": 3}], "groups.excluded[0].random is not a setting; allowed here are row, id"),
    (("influence", "targets"), [{"rows": 3}], "influence.targets[0].rows is not a setting; allowed here are row, id"),
    (("partition", "apart"), [[1, {"row": "x"}]], 'partition.apart[0][1].row is "x"; allowed is a value of type int'),
    (
        ("overlap", "seeds"),
        [3, {"random": 3, "each_class": 1, "seed": 0}],
        'overlap.seeds[1] is {"random": 3, "each_class": 1, "seed": 0}; allowed is one of random, each_class',
    ),
    (("groups", "seeds"), [{"most": 3, "seed": 0}], 'groups.seeds[0] is {"most": 3, "seed": 0}; allowed is one of'),
    (("groups", "seeds"), [0, {"any": 3, "seed": 0}], "groups.seeds[1].any is not a setting; allowed here are row, id"),
    (
        ("groups", "seeds"),
        [600],
        "groups.seeds holds 600, but data set 'toy' has 532 training points; allowed are indices below 532, which "
        "count in the shuffled data.h5, and {row: NUMBER} for a row of your own",
    ),
    (("boundary", "points", "norm"), "l3", 'boundary.points.norm is "l3"; allowed is one of "l2", "l1", "linf"'),
    (("boundary", "points", "points"), 1, "boundary.points.points is 1; allowed is 2 or more"),
    (("groups", "seeds"), ["up"], 'groups.seeds is "up", which is not defined; allowed are left, right, blue'),
]
IMAGES = {"dataset": "cifar10", "model": "cnn", "seed": 0, "scope": "last_layer",
          "groups": {"seeds": [{"each_class": 1, "seed": 0}], "size": 25}}  # fmt: skip
WRONG_STUDIES = [
    ("toy", "target", None, "studies.toy.target is missing; a study of toy data needs it"),
    ("toy", "seeds", None, "studies.toy.seeds is missing; a study of toy data needs it"),
    ("toy", "groups", {"size": 600}, "studies.toy.groups.size is 600, but data set 'toy' has 532 training points"),
    (
        "images",
        "groups",
        {"seeds": ["left"]},
        'studies.images.groups.seeds is "left", which is not defined; allowed are',
    ),
    ("images", "groups", {}, 'groups.seeds is "left", which is not defined; allowed are airplane'),
    ("images", "groups", {"sizes": 3}, "studies.images.groups.sizes is not a setting; allowed here are rule"),
    ("images", "influence", {"targets": []}, "studies.images.influence.targets is []; allowed is"),
    ("images", "target", "cow", 'studies.images.target is "cow", which is not defined; allowed are airplane'),
    ("images", "retrained", ["cnn"], "studies.images.retrained holds \"cnn\", whose architecture is 'cnn'"),
]


@pytest.mark.parametrize(("study", "key", "value", "sentence"), WRONG_STUDIES)
def test_what_a_study_cannot_change_is_named(study, key, value, sentence):
    config = copy.deepcopy(CONFIG)
    config["studies"]["images"] = copy.deepcopy(IMAGES)
    check_with_studies(config)
    if value is None:
        del config["studies"][study][key]
    else:
        config["studies"][study][key] = value
    with pytest.raises(settings.SettingError) as error:
        check_with_studies(config)
    assert str(error.value).startswith(sentence), str(error.value)
    assert "\n" not in str(error.value)


def test_variants_stand_above_a_study_and_a_study_above_the_section():
    groups = CONFIG["groups"]
    study = {"groups": {"rule": "l-relative", "size": 25}}
    assert settings.group(groups, "", study) == settings.group(groups, "") | {"rule": "l-relative", "size": 25}
    assert settings.group(groups, "influence", study)["rule"] == "influence"
    assert settings.group(groups, "minimum", study)["rule"] == "l-relative"
    assert settings.group(groups, "minimum", {}) == settings.group(groups, "minimum")


def test_the_default_is_valid():
    check_with_studies(CONFIG)
    assert settings.prepared(CONFIG, SCHEMA) == bootstrap.spread(CONFIG)


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
        check_with_studies(config)
    assert str(error.value).startswith(sentence)
    assert "\n" not in str(error.value)


FILES = [path.relative_to(ROOT / "config") for path in (ROOT / "config").rglob("*.yaml")]


@pytest.mark.parametrize("name", sorted(str(path) for path in FILES if path.parts[0] != "schema"))
def test_every_file_of_settings_is_valid(name):
    # all built-in studies: a file may change one of them
    config = targets.settings_of(ROOT / "config")
    update_config(config, yaml.safe_load((ROOT / "config" / name).read_text()))
    found = settings.prepared(config, SCHEMA)
    assert found == bootstrap.spread(defaults.filled(extends.resolved(config), SCHEMA))
    settings.check(found, SCHEMA)


def test_names_and_numbers_of_a_data_set():
    cifar = CONFIG["datasets"]["cifar10"]
    assert settings.subgroups(CONFIG["datasets"]["toy"]) == ["left", "right", "blue"]
    assert data_sizes.of_data(CONFIG["datasets"]["toy"])["n"] == 532
    assert settings.subgroups(cifar) == datasets.CIFAR10_CLASSES
    assert data_sizes.of_data(cifar)["n"] == 50_000
    two = cifar | {"classes": ["dog", "cat"]}
    assert settings.subgroups(two) == ["dog", "cat"] and data_sizes.of_data(two)["n"] == 10_000
    merged = cifar | {"superclasses": {"a": ["dog"], "b": ["cat"]}, "points": 77}
    assert settings.subgroups(merged) == datasets.CIFAR10_CLASSES and data_sizes.of_data(merged)["n"] == 77
    mine = {"loader": "npz", "path": "x"}
    assert settings.subgroups(mine) == [] and data_sizes.of_data(mine)["n"] == 0
    assert settings.subgroups(mine | {"class_names": ["a", "b"]}) == ["a", "b"]
    assert settings.subgroups(mine | {"class_names": ["a", "b"], "subgroup_names": ["u", "v"]}) == ["u", "v"]
    # what config.yaml writes out are the defaults, and what a data set names stands
    assert datasets.complete(cifar).items() >= datasets.DEFAULTS.items()
    assert {key: cifar[key] for key in datasets.DEFAULTS} == datasets.DEFAULTS
    assert datasets.complete(merged)["points"] == 77


def keys_of(schema):
    """Names of all settings that the schema knows."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"]
        for value in schema.values():
            yield from keys_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keys_of(value)


def test_every_setting_is_documented():
    text = (ROOT / "config/README.md").read_text()
    assert not [key for key in set(keys_of(SCHEMA)) if f"`{key}`" not in text]


def test_intervals_share_their_numbers_unless_a_section_has_its_own():
    shared = {"resamples": 2000, "level": 0.95, "seed": 0}
    found = settings.prepared(CONFIG, SCHEMA)
    # key by key what the sections held before there was one for all, in that order: it is in the records of results
    assert list(found["retrieval"].items()) == [*CONFIG["retrieval"].items(), *shared.items()]
    assert list(found["inspection"].items()) == [*CONFIG["inspection"].items(), *shared.items()]
    found = settings.prepared(
        merged("{bootstrap: {level: 0.9, seed: 4}, inspection: {seed: 7, resamples: 50}}"), SCHEMA
    )
    assert found["retrieval"] == CONFIG["retrieval"] | {"resamples": 2000, "level": 0.9, "seed": 4}
    assert found["inspection"] == CONFIG["inspection"] | {"resamples": 50, "level": 0.9, "seed": 7}
    assert list(found["inspection"]) == [*CONFIG["inspection"], "resamples", "level", "seed"]
    for written, sentence in (
        ("bootstrap: {level: 1.5}", "bootstrap.level is 1.5; allowed is more than 0 and less than 1"),
        ("retrieval: {level: 1.5}", "retrieval.level is 1.5; allowed is more than 0 and less than 1"),
        ("inspection: {resamples: null}", "inspection.resamples is null; allowed is a value of type integer"),
    ):
        with pytest.raises(settings.SettingError, match=f"^{sentence}"):
            settings.prepared(merged(written), SCHEMA)
