"""The registry of methods: what is read of them without importing them, and names that settings may use."""

import re
from pathlib import Path

import pytest
from snakemake.exceptions import WorkflowError

from attribution.methods import base
from attribution.settings.errors import SettingError
from attribution.workflow import given, methods, registry
from attribution.workflow import targets as workflow_targets
from attribution.workflow.stages import answers
from helpers import ROOT, wildcards
from small_run import method


@pytest.mark.parametrize("name", registry.METHODS)
def test_the_registry_says_of_each_method_what_its_class_says(name):
    found = method(name)
    assert found.family in base.FAMILIES and any(hasattr(found, part) for part in given.GIVEN)
    assert registry.told(name, "needs") == found.needs and registry.told(name, "settings") == getattr(
        found, "settings", ()
    )
    files = {need for need in found.needs if not need.startswith("attributions/")}
    assert files <= {"data", "model", "gradients", "hessian", "influence", "boundary", "subsets", "folds"}
    assert Path(registry.file_of(name)).is_file()


def test_settings_of_a_method_and_what_is_missing():
    config = {"boundary": {"groups": {"seed": 3}, "greedy": {"forms": {}}}, "influence": {"cg": {"tolerance": 1}}}
    assert registry.settings_of("random-class", config, {}) == {"boundary.groups.seed": 3}
    assert registry.settings_of("influence", config, {}) == {"influence.cg": {"tolerance": 1}}
    with pytest.raises(SettingError, match=r"boundary\.greedy\.forms\.exact is missing, and method 'boundary-exact'"):
        registry.settings_of("boundary-exact", config, {})


def test_methods_have_scores_in_the_scope_whose_files_they_read():
    chosen = {"dataset": "toy", "model": "m", "seed": "0", "scope": "/all_layers"}
    files = lambda name: methods.files(wildcards(**chosen, method=name))  # noqa: E731
    run = "results/toy/m/seed0"
    assert files("embedding-cosine") == {"data": "results/toy/data.h5", "gradients": f"{run}/all_layers/gradients.h5"}
    assert files("influence")["hessian"] == f"{run}/all_layers/hessian.h5"
    assert files("influence")["model"] == f"{run}/model.keras"
    # with a boundary, only that is of all layers
    signed = {"gradients": f"{run}/gradients.h5", "boundary": f"{run}/all_layers/boundary.h5"}
    assert files("boundary-signed").items() >= signed.items()
    for name in ("margin", "boundary-mean", "random-class", "input-euclidean"):
        with pytest.raises(WorkflowError, match=f"{name} has no scores of its own in scope all_layers; ask {run}"):
            files(name)
    config = {
        "models": {},
        "methods": {"closest": ["self-influence", "random"], "inspection": ["self-influence", "boundary"]},
    }
    scored = lambda judge: methods.scores(config, judge, wildcards(**chosen))  # noqa: E731
    assert scored("closest") == [f"{run}/all_layers/scores/self-influence.h5", f"{run}/scores/random.h5"]
    assert scored("inspection") == [f"{run}/scores/self-influence.h5", f"{run}/all_layers/scores/boundary.h5"]
    grown = methods.groups("recovery", lambda wildcards: ["embedding-cosine", "random-class"], wildcards(**chosen))
    assert grown == [
        f"{run}/all_layers/scores/recovery/embedding-cosine.h5", f"{run}/scores/recovery/random-class.h5",
    ]  # fmt: skip


def test_methods_that_the_settings_name_are_checked_before_any_job():
    config = workflow_targets.settings_of(ROOT / "config")
    registry.check(config)
    wrong = {
        "methods.overlap names 'vote', which is no method; allowed are influence": ("methods", {"overlap": ["vote"]}),
        "methods.inspection names 'gradient-cosine', which gives scores of pairs and groups, but no scores of points":
            ("methods", {"inspection": ["gradient-cosine"]}),
        "methods.retrieval names 'datamodel-ridge', which tells the margins of test points only":
            ("methods", {"retrieval": ["datamodel-ridge"]}),
        "methods.boundary_overlap names 'influence-untrained', which is no method":
            ("methods", {"boundary_overlap": ["influence-untrained"]}),
        "groups.rule names 'loss', which gives scores of points, but no scores of pairs": ("groups", {"rule": "loss"}),
        "groups.variants.mine.rule names 'cosine', which is no method; allowed are influence":
            ("groups", {"variants": {"mine": {"rule": "cosine"}}}),
        "methods.recovery and evaluation.variants both name 'influence'": ("methods", {"recovery": ["influence"]}),
        "studies.a.groups.rule names 'cosine'": ("studies", {"a": {"groups": {"rule": "cosine"}}}),
    }  # fmt: skip
    for sentence, (section, change) in wrong.items():
        with pytest.raises(SettingError, match=re.escape(sentence)):
            registry.check(config | {section: config[section] | change})
    registry.check(config | {"groups": config["groups"] | {"rule": "gradient-cosine"}})


def test_tables_have_methods_of_the_untrained_network_where_there_is_a_recipe_of_it():
    both = ["kfac", "kfac-untrained"]
    config = {"models": {"m": {}, "m-untrained": {}, "own": {}}, "methods": {"inspection": both, "recovery": both}}
    of = lambda model: wildcards(dataset="d", model=model, seed="2", scope="")  # noqa: E731
    run = "results/d/m{}/seed2/scores/kfac.h5"
    assert methods.scores(config, "inspection", of("m")) == [run.format(""), run.format("-untrained")]
    assert methods.named(config, "inspection", of("m")) == ["kfac", "kfac-untrained"]
    assert methods.named(config, "inspection", of("own")) == ["kfac"]
    assert methods.of_recovery(config, of("m")) == both and methods.of_recovery(config, of("own")) == ["kfac"]
    assert methods.files(of("m"), "kfac")["model"] == "results/d/m/seed2/model.keras"


def test_what_a_recipe_has_not_is_left_out_but_no_baseline():
    names = ["embedding-cosine", "convolution-cosine-same-class", "embedding-cosine-untrained"]
    config = {
        "models": {"m": {"architecture": "mlp"}, "c": {"architecture": "cnn"}, "c-untrained": {"architecture": "cnn"}},
        "methods": {"retrieval": names}, "retrieval": {"baseline": "embedding-cosine"},
    }  # fmt: skip
    of = lambda model: wildcards(dataset="d", model=model, seed="2")  # noqa: E731
    assert methods.named(config, "retrieval", of("c")) == names
    assert methods.named(config, "retrieval", of("m")) == ["embedding-cosine"]
    for baseline in names[1:]:
        config["retrieval"]["baseline"] = baseline
        assert methods.named(config, "retrieval", of("c")) == names
        sentence = f"retrieval.baseline is '{baseline}', which recipe 'm' has not; it has embedding-cosine"
        with pytest.raises(WorkflowError, match=re.escape(sentence)):
            methods.named(config, "retrieval", of("m"))


def test_groups_of_the_untrained_network_are_those_of_its_run():
    config = {"models": {"m-untrained": {}}, "methods": {"overlap": ["influence", "influence-untrained"]}}
    of = lambda model: wildcards(dataset="d", model=model, seed="2")  # noqa: E731
    found = methods.groups("overlap", lambda given: methods.of_overlap(config, given), of("m"))
    path, near = "results/d/m{}/seed2/scores/overlap/{}.h5", ["embedding-euclidean", "embedding-cosine"]
    trained = [path.format("", name) for name in [*near, "influence"]]
    assert found == [*trained, path.format("-untrained", "influence")]
    assert methods.of_overlap(config, of("own")) == [*near, "influence"]


def test_wrong_labels_are_sought_by_the_untrained_network_of_each_seed():
    config = workflow_targets.settings_of(ROOT / "config")
    registry.check(config)
    of = wildcards(study="cifar10-cnn")
    config["studies"]["cifar10-cnn"]["seeds"] = [3, 4]
    names, files = answers.judged(config, of), answers.judged_over_seeds(config, of)
    assert {"input-neighbours", "loss-untrained", "embedding-neighbours-untrained"} < set(names)
    place = names.index("loss-untrained")
    assert files[place :: len(names)] == [f"results/cifar10/cnn-untrained/seed{seed}/scores/loss.h5" for seed in (3, 4)]


def test_only_methods_that_run_the_training_again_depend_on_the_recipe():
    config = {"models": {"m": {"training": 1}}, "curvature": {"damping": {"mode": "kernel"}}}
    of = lambda method: methods.followed(config, wildcards(dataset="d", model="m", seed="2", method=method))  # noqa: E731
    assert of("kfac") == of("influence") == of("trak") == {} and of("tracin") == of("source") == {"training": 1}
    # networks of the one are trained in its job, those of the other are in a file
    assert of("trak-subsets") == {"training": 1} and of("datamodel-ridge") == {}
    config["curvature"]["damping"]["mode"] = "trajectory"
    assert of("kfac") == of("last-layer-damped") == {"training": 1} and of("trak") == {}


def test_a_damping_by_the_training_of_a_run_that_has_none_is_refused_before_any_job():
    config = {"models": {"m": {"architecture": "factors"}}, "curvature": {"damping": {"mode": "kernel"}}}
    methods.require(config, "last-layer-damped", "m")
    config["curvature"]["damping"]["mode"] = "trajectory"
    methods.require(config, "last-layer", "m")
    with pytest.raises(WorkflowError, match=r"curvature\.damping\.mode trajectory: this needs the network itself"):
        methods.require(config, "last-layer-damped", "m")
