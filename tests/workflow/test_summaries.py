"""The summary of what a target builds needs the study's own network only where what it builds is of that network."""

import copy

import pytest

import helpers
from attribution.workflow import studies
from attribution.workflow.stages import summaries


@pytest.fixture(scope="module")
def workflow():
    return helpers.parsed({})


def below(workflow, paths: list[str]) -> set[str]:
    """Every file that these are made from, by the rules."""
    waiting, found = list(paths), set()
    while waiting:
        path = waiting.pop()
        rule = next((rule for rule in workflow.rules if path not in found and rule.is_producer(path)), None)
        found.add(path)
        if rule is not None:
            waiting += map(str, rule.expand_input(rule.get_wildcards(path))[0])
    return found


@pytest.mark.parametrize(
    ("part", "needed"),
    [
        ({"figures": ["04-dataset"]}, False),
        ({"figures": ["training-curves"]}, True),
        ({"figures": ["06-relative-influence"]}, False),
        ({"figures": ["leave-one-out"]}, False),
        ({"figures": ["agreement"]}, False),
        ({"figures": ["10-datamodels-small"]}, True),
        ({"tables": ["agreement.csv"]}, False),
        ({"tables": ["inspection-seeds.csv"]}, False),
        ({"tables": ["labels-seeds.csv"], "seeds": [0, 1]}, True),
        ({"tables": ["border-small.csv"]}, False),
        ({"tables": ["lds-small.csv"]}, False),
        ({"tables": ["lds-small.csv"], "attributed": ["mlp-dropout"]}, True),
        ({"last_layer": ["groups.h5"]}, True),
    ],
)
def test_a_network_is_trained_for_a_page_only_where_the_target_needs_it(workflow, part, needed):
    config = workflow.globals["config"]
    kept, part = copy.deepcopy(config), dict(part)
    of_study = {key: part.pop(key) for key in ("seeds", "attributed") if key in part}
    study = config["studies"]["toy-flipped"]
    # the study's own is mlp-dropout of seed 0
    study |= {"compared": ["mlp-l1"], "retrained": ["mlp-l2"], "attributed": ["mlp-l2"], "seeds": [1, 2]}
    study |= {"agreement": {"models": ["mlp-l2", "mlp-dropout"], "seeds": [1, 2]}}
    study |= {"border": {"models": ["mlp-l2"], "datasets": []}} | of_study
    config["targets"]["mine"] = {"description": "a part", "builds": [{"study": "toy-flipped"} | part]}
    wildcards = helpers.wildcards(study="toy-flipped", of="-mine")
    try:
        asked = summaries.built(config, wildcards)
        trained = {studies.run_path(config, "toy-flipped", name) for name in ("model.keras", "history.csv")}
        assert bool(trained & below(workflow, asked)) == needed
        assert bool(trained & below(workflow, ["results/toy-flipped/summary-mine.html"])) == needed
        assert ("gradients" in summaries.run_of(config, wildcards)) == needed
        assert bool(summaries.history_of(config, wildcards)) == needed
    finally:
        config.clear()
        config.update(kept)
