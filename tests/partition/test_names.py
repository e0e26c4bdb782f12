"""Names of what divides the training set, and the jobs' files and settings."""

import pytest

import helpers
from attribution.settings.errors import SettingError
from attribution.workflow.stages import partitions

CONFIG = helpers.CONFIG
RUN = helpers.wildcards(dataset="toy", model="mlp-l2", seed="1")


def test_endings_of_a_name():
    assert partitions.read_name("gauss-newton") == ("gauss-newton", False, False, False)
    assert partitions.read_name("influence-unit-components") == ("influence", True, True, False)
    assert partitions.read_name("network-gradient-dot-unit-untrained") == ("network-gradient-dot", True, False, True)


@pytest.mark.parametrize(
    ("name", "words"), [("nothing", "is no method"), ("self-influence-unit", "no scores of pairs")]
)
def test_a_name_of_no_method_of_vectors_is_refused(name, words):
    with pytest.raises(SettingError, match=words):
        partitions.read_name(name)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["random", "tracin-untrained"], "names controls only"),
        (["metagradient-untrained", "tracin"], "which an untrained"),
    ],
)
def test_lists_without_sense_are_refused(names, words):
    with pytest.raises(SettingError, match=words):
        partitions.check(CONFIG | {"methods": CONFIG["methods"] | {"partition": names}})
    partitions.check(CONFIG)


def test_files_are_those_of_the_methods_and_of_their_untrained_network():
    names = ["metagradient-unit", "l-relative", "tracin", "network-gradient-dot-unit-untrained", "random"]
    config = CONFIG | {"methods": CONFIG["methods"] | {"partition": names}}
    run = "results/toy/mlp-l2/seed1"
    assert partitions.files(config, "partition", RUN) == {
        "data": "results/toy/data.h5",
        "attributions": [f"{run}/attributions/metagradient.h5"],
        **{name: f"{run}/{name}.h5" for name in ("gradients", "hessian", "influence")},
        "untrained_model": "results/toy/mlp-l2-untrained/seed1/model.keras",
    }
    asked = partitions.asked(config, "partition", RUN)
    assert [name for name in names if asked[name]["control"]] == names[3:]
    assert [name for name in names if asked[name]["columns"]] == names[:1]


def test_of_a_network_without_a_recipe_that_learned_nothing_there_is_no_such_control():
    names = ["l-relative", "network-gradient-dot-unit-untrained", "random"]
    config = CONFIG | {
        "methods": CONFIG["methods"] | {"partition": names},
        "models": {"mlp-l2": CONFIG["models"]["mlp-l2"]},
    }
    assert partitions.named(config, "partition", "mlp-l2") == ["l-relative", "random"]
    assert set(partitions.files(config, "partition", RUN)) == {
        "data",
        "attributions",
        "gradients",
        "hessian",
        "influence",
    }
