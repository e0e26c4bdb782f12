"""Settings as they are written: texts, names, null and braces, read as they are meant or refused with one sentence."""

import copy
from pathlib import Path

import pytest
from snakemake.cli import parse_config
from snakemake.utils import update_config

from attribution.settings import check as settings
from attribution.settings import texts
from every_check import merged
from helpers import CONFIG, SCHEMA

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
    ("groups: {seeds: [{id: 7}, [{id: [a, 8]}, 3]]}", ("groups", "seeds"), [{"id": "7"}, [{"id": ["a", "8"]}, 3]]),
    ("groups: {excluded: [{id: 7}, {row: 8}, 9]}", ("groups", "excluded"), [{"id": "7"}, {"row": 8}, 9]),
    ("influence: {targets: [7, '7']}", ("influence", "targets"), [7, "7"]),
    ("boundary: {groups: {shown: [3, truck]}}", ("boundary", "groups", "shown"), ["3", "truck"]),
    ("datasets: {mine: {loader: npz, path: my//a.npz}}", ("datasets", "mine", "path"), "my/a.npz"),
    ("datasets: {mine: {loader: npz, path: ~/a.npz}}", ("datasets", "mine", "path"), str(Path("~/a.npz").expanduser())),
]


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
