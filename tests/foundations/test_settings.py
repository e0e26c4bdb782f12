"""The configuration: the default is valid and documented, and what cannot be is refused with one sentence."""

import copy
from pathlib import Path

import pytest
import yaml
from snakemake.cli import parse_config
from snakemake.utils import update_config

from attribution.costs import requests as requirements
from attribution.settings import bootstrap, datasets, extends, run_checks, texts
from attribution.settings import check as settings
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
    (("models", "own"), {"architecture": "python-file", "path": "a.py"}, "models.own.training is missing"),
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
    (("groups", "seeds"), [{"seed": 0}], 'groups.seeds[0] is {"seed": 0}; allowed is 2 or more of the keys random'),
    (("groups", "seeds"), [0, {"any": 3, "seed": 0}], "groups.seeds[1].any is not a setting; allowed here are random"),
    (("groups", "seeds"), [600], "groups.seeds holds 600; allowed are indices below 532"),
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
    ("images", "retrained", ["cnn"], 'studies.images.retrained holds "cnn" of architecture cnn'),
]


def check_with_studies(config):
    """All that a run of every study would check."""
    settings.check(config, SCHEMA)
    for name, study in config["studies"].items():
        run_checks.study(config, name)
        n = requirements.of_data(config["datasets"][study["dataset"]])["n"]
        for variant in ("", *config["groups"]["variants"]):
            run_checks.groups(config, study["dataset"], n, variant)
        run_checks.targets(config, study["dataset"], n)
        run_checks.overlap(config, study["dataset"], n)


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


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "config").glob("*.yaml")))
def test_every_file_of_settings_is_valid(name):
    config = copy.deepcopy(CONFIG)
    update_config(config, yaml.safe_load((ROOT / "config" / name).read_text()))
    found = settings.prepared(config, SCHEMA)
    assert found == bootstrap.spread(extends.resolved(config))
    settings.check(found, SCHEMA)


def test_names_and_numbers_of_a_data_set():
    cifar = CONFIG["datasets"]["cifar10"]
    assert settings.subgroups(CONFIG["datasets"]["toy"]) == ["left", "right", "blue"]
    assert datasets.training_points(CONFIG["datasets"]["toy"]) == 532
    assert settings.subgroups(cifar) == datasets.CIFAR10_CLASSES
    assert datasets.training_points(cifar) == 50_000
    two = cifar | {"classes": ["dog", "cat"]}
    assert settings.subgroups(two) == ["dog", "cat"] and datasets.training_points(two) == 10_000
    merged = cifar | {"superclasses": {"a": ["dog"], "b": ["cat"]}, "points": 77}
    assert settings.subgroups(merged) == datasets.CIFAR10_CLASSES and datasets.training_points(merged) == 77
    mine = {"loader": "npz", "path": "x"}
    assert settings.subgroups(mine) == [] and datasets.training_points(mine) is None
    assert settings.subgroups(mine | {"class_names": ["a", "b"]}) == ["a", "b"]
    assert settings.subgroups(mine | {"class_names": ["a", "b"], "subgroup_names": ["u", "v"]}) == ["u", "v"]
    # what config.yaml writes out are the defaults, and what a data set names stands
    assert datasets.complete(cifar).items() >= datasets.DEFAULTS.items()
    assert {key: cifar[key] for key in datasets.DEFAULTS} == datasets.DEFAULTS
    assert datasets.complete(merged)["points"] == 77


OWN = {"loader": "npz", "path": "mine.npz"}
MEANT = [
    # what is written, keys to what the rules read, what they read
    ("datasets: {2024: {loader: npz, path: a}}", ("datasets", "2024", "path"), "a"),
    (
        "datasets: {mine: {loader: npz, path: 7, class_names: [0, 1, 2]}}",
        ("datasets", "mine", "class_names"),
        list("012"),
    ),
    ("datasets: {mine: {loader: npz, path: 7, class_names: [0, 1]}}", ("datasets", "mine", "path"), "7"),
    (
        "datasets: {mine: {loader: npz, path: a, class_names: [0, 1, 2], superclasses: {7: [2], 3: [0, 1]}}}",
        ("datasets", "mine", "superclasses"),
        {"7": ["2"], "3": ["0", "1"]},
    ),
    ("groups: {variants: {2: {size: 9}, Large: {size: 300}}}", ("groups", "variants", "2"), {"size": 9}),
    ("studies: {7: {dataset: cifar10, model: cnn, seed: 0, scope: last_layer}}", ("studies", "7", "seed"), 0),
    # where a number is an index, or a value, it stays one
    ("groups: {seeds: [7, '7']}", ("groups", "seeds"), [7, "7"]),
    ("influence: {targets: [7, '7']}", ("influence", "targets"), [7, "7"]),
    ("boundary: {groups: {shown: [3, truck]}}", ("boundary", "groups", "shown"), ["3", "truck"]),
    ("datasets: {mine: {loader: npz, path: my//a.npz}}", ("datasets", "mine", "path"), "my/a.npz"),
    ("datasets: {mine: {loader: npz, path: ~/a.npz}}", ("datasets", "mine", "path"), str(Path("~/a.npz").expanduser())),
]


def merged(written):
    """The default with a user's file over it, as Snakemake merges them."""
    config = copy.deepcopy(CONFIG)
    update_config(config, yaml.safe_load(written))
    return config


@pytest.mark.parametrize(("written", "keys", "read"), MEANT)
def test_numbers_are_texts_where_a_text_is_meant(written, keys, read):
    found = settings.prepared(merged(written), SCHEMA)
    settings.check(found, SCHEMA)
    for key in keys:
        found = found[key]
    assert found == read
    if isinstance(read, dict):
        assert list(found) == list(read)


NOT_MEANT = [
    ("datasets: {mine: {loader: npz, path: a, class_names: [no, yes]}}",
     "datasets.mine.class_names[0] is false: YAML reads no, off and false as a Boolean; put the text in quotes"),
    ("datasets: {mine: {loader: npz, path: a, class_names: [a, b], superclasses: {yes: [a], no: [b]}}}",
     "datasets.mine.superclasses has the name true: YAML reads yes, on and true as a Boolean; put the text in quotes"),
    ("datasets: {on: {loader: npz, path: a}}", "datasets has the name true: YAML reads yes, on and true as a Boolean"),
    ("datasets: {null: {loader: npz, path: a}}", "datasets has the name null: YAML reads null, ~ and nothing"),
    ("datasets: {mine: {loader: npz, path: a, class_names: [1.5, b]}}",
     "datasets.mine.class_names[0] is 1.5: YAML reads that as a number; put"),
    ("datasets: {mine: {loader: npz, path: a, class_names: [b, 2024-01-02]}}",
     'datasets.mine.class_names[1] is "2024-01-02": YAML reads that as a date; put'),
    ("datasets: {mine: {loader: npz, path: a, class_names: [001, 010]}}",
     "datasets.mine.class_names[0] is 001: YAML reads that as the number 1; put the text in quotes"),
    ("datasets: {010: {loader: npz, path: a}}", "datasets has the name 010: YAML reads that as the number 8; put"),
    ("datasets: {7: {loader: npz, path: a}, '7': {seed: 1}}", "datasets has the name 7 twice, as a number and as"),
    ("groups: {seeds: [no]}", "groups.seeds[0] is false: YAML reads no, off and false as a Boolean"),
    ("influence: {targets: [yes]}", "influence.targets[0] is true: YAML reads yes, on and true as a Boolean"),
    ("studies: {toy: {target: off}}", "studies.toy.target is false: YAML reads no, off and false as a Boolean"),
    ("groups: {variants: {1.5: {size: 9}}}", "groups.variants has the name 1.5: YAML reads that as a number; put"),
    ("models: {true: {architecture: keras-file, path: a}}", "models has the name true: YAML reads yes, on and true"),
    # names that cannot be folders below results/
    ("datasets: {my set: {loader: npz, path: a}}", 'datasets has the name "my set"; allowed is letters, digits and .'),
    ("datasets: {a/b: {loader: npz, path: a}}", 'datasets has the name "a/b"; allowed is letters'),
    ("datasets: {'{a}': {loader: npz, path: a}}", 'datasets has the name "{a}"; allowed is letters'),
    ("models: {.hidden: {architecture: keras-file, path: a}}", 'models has the name ".hidden"; allowed is letters'),
    ('models: {"a\\n": {architecture: keras-file, path: a}}', 'models has the name "a\\n"; allowed is letters'),
    ("datasets: {Logs: {loader: npz, path: a}}", "datasets.Logs has a name that results/ uses itself, as figures"),
    ("studies: {figures: {dataset: toy, model: cnn, seed: 0, scope: last_layer}}", "studies.figures has a name that"),
    ("models: {data.h5: {architecture: keras-file, path: a}}", "models.data.h5 has a name that ends as a file's does"),
    ("datasets: {TOY: {loader: npz, path: a}}", "datasets.TOY and datasets.toy differ only in capitals"),
    ("studies: {Cifar10: {dataset: toy, model: cnn, seed: 0, scope: last_layer}}",
     "studies.Cifar10 and datasets.cifar10 differ only in capitals"),
    ("models: {CNN: {architecture: keras-file, path: a}}", "models.CNN and models.cnn differ only in capitals"),
    ("groups: {variants: {Peak: {size: 9}}}", "groups.variants.Peak and groups.variants.peak differ only in capitals"),
    (f"models: {{{'m' * 65}: {{architecture: keras-file, path: a}}}}", f"models.{'m' * 65} has a name of 65 bytes"),
    # paths that Snakemake takes for patterns
    ("datasets: {mine: {loader: npz, path: 'data{1}.npz'}}", "datasets.mine.path is 'data{1}.npz', with a brace or"),
    ("datasets: {cifar10: {inject: '{seed}.csv'}}", "datasets.cifar10.inject is '{seed}.csv', with a brace or"),
    ("models: {mine: {architecture: keras-file, path: 'a}.keras'}}", "models.mine.path is 'a}.keras', with a brace"),
    ("figures: {style: 'a{b}'}", "figures.style is 'a{b}', with a brace or"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "sentence"), NOT_MEANT)
def test_what_is_no_text_or_no_name_is_said_in_a_sentence(written, sentence):
    with pytest.raises(settings.SettingError) as error:
        found = settings.prepared(merged(written), SCHEMA, odd=texts.odd_numbers(written))
        settings.check(found, SCHEMA)
    assert str(error.value).startswith(sentence), str(error.value)
    assert "\n" not in str(error.value)


def test_names_may_hold_capitals_dots_and_letters_of_any_language():
    written = "{datasets: {Über.v1_2: {loader: npz, path: a}}, groups: {variants: {l2.5-Große: {size: 9}}}}"
    found = settings.prepared(merged(written), SCHEMA)
    settings.check(found, SCHEMA)


ARGUMENTS = [
    ("groups={size: 25}", ("groups", "size"), 25),
    ("groups={variants: {2: {size: 9}}}", ("groups", "variants"), {"2": {"size": 9}}),
    ("datasets={yes: {loader: npz, path: a, points: 100, seed: 1}}", ("datasets", "yes", "points"), 100),
    (
        "datasets={2024: {loader: npz, path: a, class_names: [0, '01']}}",
        ("datasets", "2024", "class_names"),
        ["0", "01"],
    ),
    ("datasets={mine: {loader: npz, path: 'my, data.npz'}}", ("datasets", "mine", "path"), "my, data.npz"),
    ('influence={"damping": {"last_layer": {"value": 0.5}}}', ("influence", "damping", "last_layer", "value"), 0.5),
    ("studies={toy: null, toy-flipped: null}", ("studies",), {}),
    ("models={cnn: {flip: true}}", ("models", "cnn", "flip"), True),
]


@pytest.mark.parametrize(("entry", "keys", "read"), ARGUMENTS)
def test_braces_on_the_command_line_give_what_a_file_gives(entry, keys, read):
    config = copy.deepcopy(CONFIG)
    update_config(config, parse_config([entry]))
    found = settings.prepared(config, SCHEMA, [entry])
    for key in keys:
        found = found[key]
    if keys == ("groups", "variants"):
        found = {key: value for key, value in found.items() if key in read}
    assert found == read


def test_null_switches_a_study_a_data_set_and_a_model_off():
    written = "{studies: {toy: null, toy-flipped: null}, datasets: {toy: null}, models: {mlp-l1: null}}"
    found = settings.prepared(merged(written), SCHEMA)
    settings.check(found, SCHEMA)
    assert found["studies"] == {} and "toy" not in found["datasets"] and "mlp-l1" not in found["models"]
    with pytest.raises(settings.SettingError, match=r"studies.toy.dataset is .toy., which is not defined"):
        settings.check(settings.prepared(merged("datasets: {toy: null}"), SCHEMA), SCHEMA)


RUNS = [
    # what differs in the settings, the check, points of the run's data, the sentence or none
    ("groups: {seeds: [1500], size: 600}", run_checks.groups, 2000, None),
    ("groups: {seeds: [1500], size: 25}", run_checks.groups, 1500, "groups.seeds holds 1500; allowed are indices"),
    ("groups: {seeds: [0], size: 600}", run_checks.groups, 599, "groups.size is 600, but data set 'mine' has 599 trai"),
    ("groups: {seeds: [0], size: 9, excluded: [70]}", run_checks.groups, 70, "groups.excluded holds 70; allowed are"),
    ("groups: {seeds: [0], size: 70, excluded: [7]}", run_checks.groups, 70, "groups.size is 70, but data set"),
    ("groups: {seeds: [cat], size: 600}", run_checks.groups, None, None),
    ("groups: {seeds: [cow], size: 6}", run_checks.groups, 70, 'groups.seeds is "cow", which is not def'),
    ("groups: {seeds: [{random: 71, seed: 0}], size: 6}", run_checks.groups, 70, "groups.seeds[0].random is 71, but"),
    ("groups: {seeds: [[3, 4, cat], dog], size: 6}", run_checks.groups, 70, None),
    ("groups: {seeds: [[3, cat], [4, cat]], size: 6}", run_checks.boundary_groups, 70, None),
    ("groups: {seeds: [1, [3, 70]], size: 6}", run_checks.groups, 70, "groups.seeds[1] holds 70; allowed are indices"),
    ("groups: {seeds: [[3, cow]], size: 6}", run_checks.groups, 70, 'groups.seeds[0] is "cow", which is not def'),
    ("groups: {seeds: [[3, 4, 5]], size: 2}", run_checks.groups, 70, "groups.seeds[0] holds 3 points, but groups.size"),
    ("groups: {seeds: [[3, 4], 1, [4, 3]], size: 6}", run_checks.groups, 70, "groups.seeds[2] holds the points of gro"),
    ("groups: {seeds: [[3, 4]], size: 6, excluded: [4]}", run_checks.groups, 70, "groups.seeds[0] holds 4, which is e"),
    ("{groups: {seeds: [[3, 4]], size: 6}, boundary: {greedy: {size: 1}}}", run_checks.boundary_groups, 70,
     "groups.seeds[0] holds 2 points, but boundary.greedy.size is 1"),
    ("influence: {targets: [cat, 1999]}", run_checks.targets, 2000, None),
    ("influence: {targets: [2000]}", run_checks.targets, 2000, "influence.targets holds 2000; allowed are indices"),
    ("influence: {targets: [left]}", run_checks.targets, 2000, 'influence.targets is "left", which is not def'),
    ("overlap: {seeds: [70]}", run_checks.overlap, 70, "overlap.seeds holds 70; allowed are indices below 70"),
    ("overlap: {size: 71}", run_checks.overlap, 70, "overlap.size is 71, but data set 'mine' has 70 training points"),
    ("groups: {seeds: [70]}", run_checks.boundary_groups, 70, "groups.seeds holds 70; allowed are indices below 70"),
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


def test_subgroups_of_a_file_without_names_go_by_their_numbers():
    config = merged("groups: {seeds: ['3'], size: 9}")
    config["datasets"]["mine"] = OWN
    run_checks.groups(config, "mine", 70)
    config["groups"]["seeds"] = ["cat"]
    with pytest.raises(settings.SettingError, match=r"^groups.seeds names .cat., but data set 'mine' has no names"):
        run_checks.groups(config, "mine", 70)


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
