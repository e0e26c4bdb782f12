"""What Snakemake asks when it reads the rules: studies and targets, where results stand, and the code of a script."""

import copy
import inspect
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.exceptions import WorkflowError
from snakemake.io import get_flag_value, is_flagged

import helpers
from attribution.settings import check, extends, shared_data
from attribution.settings.errors import SettingError
from attribution.workflow import code, contents, figures, inputs, names, shards, studies, targets
from attribution.workflow.stages import partitions, summaries, tables

CONFIG = extends.resolved(targets.settings_of(helpers.ROOT / "config"))
SHARED = "are both of data set '{}', whose results are kept once, but differ in {}; give both the same"


def config_with(**changed_studies) -> dict:
    config = copy.deepcopy(CONFIG)
    for name, study in changed_studies.items():
        config["studies"][name] = config["studies"].get(name, {}) | study
    return config


def like(name: str, **changed) -> dict:
    """A study as another one, with changes."""
    return copy.deepcopy(CONFIG["studies"][name]) | changed


# two studies of one data set


@pytest.mark.parametrize(
    ("base", "changed", "key"),
    [
        ("toy", {"groups": {"size": 50}}, "groups.size"),
        ("toy", {"groups": {"rule": "influence"}}, "groups.rule"),
        ("toy", {"groups": {"seeds": [3]}}, "groups.seeds"),
        ("toy", {"influence": {"targets": [1]}}, "influence.targets"),
        ("toy", {"target": "right", "other": "left"}, "target"),
        ("cifar10-cnn", {"groups": {}}, "groups.rule"),
    ],
)
def test_studies_of_one_data_set_that_differ_are_refused(base, changed, key):
    config = config_with(mine=like(base, **changed))
    dataset = config["studies"][base]["dataset"]
    with pytest.raises(SettingError) as refusal:
        shared_data.check(config, [base, "mine"])
    assert f"studies.{base} and studies.mine {SHARED.format(dataset, key)}" in str(refusal.value)
    # a built-in one is refused only when it is asked for, and the user's holds
    shared_data.check(config, ["mine"])
    config["studies"] = shared_data.first(config["studies"], ["mine"])
    studies.run_path(config, "mine", "groups.h5")
    with pytest.raises(WorkflowError, match=f"studies.mine and studies.{base} are both of data set"):
        studies.run_path(config, base, "groups.h5")
    assert studies.study_of(config, SimpleNamespace(dataset=dataset)) == config["studies"]["mine"]


@pytest.mark.parametrize("changed", [{}, {"groups": {"size": 266}}, {"model": "mlp-l2", "seed": 3}, {"seeds": [7]}])
def test_studies_of_one_data_set_that_agree_stand_beside_each_other(changed):
    shared_data.check(config_with(mine=like("toy", **changed)), ["toy", "mine"])


def test_built_in_studies_of_one_data_set_agree():
    shared_data.check(CONFIG, [])


def test_the_two_studies_and_the_key_are_named_before_any_job(tmp_path):
    both = {name: like("toy", groups={"size": size}) for name, size in (("one", 50), ("two", 60))}
    with pytest.raises(WorkflowError, match=r"studies.one and studies.two .* differ in groups.size"):
        helpers.parsed({"studies": both})


def test_a_data_set_is_switched_off_beside_built_in_studies_of_it():
    config = copy.deepcopy(CONFIG)
    del config["datasets"]["cifar10"], config["models"]["resnet18"]
    schema = helpers.schema()
    check.check(config, schema, [])
    studies.run_path(config, "toy", "groups.h5")
    for study, key in (("cifar10-cnn", "dataset"), ("cifar10-resnet18", "dataset")):
        with pytest.raises(WorkflowError, match=rf"studies.{study}.{key} is .*, which is not defined"):
            studies.run_path(config, study, "groups.h5")
    # the user's own, or all, are checked at the start
    with pytest.raises(SettingError, match=r"studies.cifar10-cnn.dataset is"):
        check.check(config, schema)


def test_references_of_all_studies_are_checked_at_the_start_where_nothing_is_switched_off(tmp_path):
    wrong = {"studies": {"toy": {"model": "mlp"}}}
    with pytest.raises(WorkflowError, match=r"studies.toy.model is .mlp., which is not defined"):
        helpers.parsed(wrong)
    (tmp_path / "off.yaml").write_text("datasets: {cifar10: null}\nmodels: {resnet18: null}\n")
    assert "cifar10" not in helpers.parsed({}, [tmp_path / "off.yaml"]).globals["config"]["datasets"]


def test_another_data_set_or_model_by_the_name_of_a_built_in_one_is_a_sentence():
    for section, entry, kind in (
        (
            "datasets",
            {"loader": "npz", "path": "a.npz"},
            "datasets.cifar10 has loader npz, but cifar10 is built in, with",
        ),
        (
            "models",
            {"architecture": "mlp", "hidden": [3]},
            "models.cnn has architecture mlp, but cnn is built in, with",
        ),
    ):
        with pytest.raises(WorkflowError, match=f"{kind} .*; take another name"):
            helpers.parsed({section: {"cifar10" if section == "datasets" else "cnn": entry}})


# where results stand


def test_the_table_of_images_stands_in_the_runs_folder_in_either_scope():
    for scope in studies.SCOPES:
        config = config_with(**{"cifar10-cnn": {"scope": scope}, "toy": {"scope": scope}})
        assert studies.run_path(config, "cifar10-cnn", "evaluation.csv") == "results/cifar10/cnn/seed0/evaluation.csv"
        own = "" if scope == "last_layer" else "/all_layers"
        expected = f"results/toy/mlp-dropout/seed0{own}/evaluation.csv"
        assert studies.run_path(config, "toy", "evaluation.csv") == expected
    with pytest.raises(KeyError, match=r"overlaps.csv is described by no module of files/results"):
        studies.run_path(config_with(), "toy", "overlaps.csv", scope="all_layers")


@pytest.fixture(scope="module")
def workflow():
    return helpers.parsed({})


def made(workflow, path: str) -> bool:
    return any(rule.is_producer(path) for rule in workflow.rules)


@pytest.mark.parametrize("scope", studies.SCOPES)
def test_everything_that_a_target_names_is_made_by_a_rule_in_either_scope(workflow, scope):
    config = copy.deepcopy(dict(workflow.globals["config"]))
    for study in config["studies"].values():
        study["scope"] = scope
    for target in config["targets"]:
        missing = [path for path in targets.files_of(config, target) if not made(workflow, path)]
        assert not missing, target


@pytest.mark.parametrize("scope", studies.SCOPES)
def test_what_a_figure_reads_is_made_by_a_rule_in_either_scope(workflow, scope):
    config = copy.deepcopy(dict(workflow.globals["config"]))
    for study in config["studies"].values():
        study["scope"] = scope
    more = {
        "variant": "-influence", "extent": "small", "form": "exact", "layers": "-all-layers", "method": "source",
        "truth": "fixed", "recipe": "-mlp-plain",
    }  # fmt: skip
    for study in ("toy", "cifar10-cnn"):
        toy_only = ("compared", "retrained", "target", "recipes")
        wildcards = helpers.wildcards(study=study, **more)
        for name, figure in figures.TABLE.items():
            for function in figure.inputs.values():
                try:
                    files = function(config, wildcards)
                except WorkflowError as error:
                    assert study != "toy" and any(f".{key} is missing" in str(error) for key in toy_only), name
                    continue
                for path in [files] if isinstance(files, str) else files:
                    assert made(workflow, path), (name, path)


# targets


def test_a_target_of_a_study_that_is_switched_off_is_a_sentence():
    config = copy.deepcopy(CONFIG)
    del config["studies"]["toy"]["seeds"]
    with pytest.raises(WorkflowError, match=r"studies.toy.seeds is missing"):
        targets.files_of(config, "toy_seeds")
    del config["studies"]["toy"]
    with pytest.raises(WorkflowError, match=r"studies.toy is switched off in the settings, and this target is of"):
        targets.files_of(config, "toy_seeds")


def test_a_target_is_of_the_studies_that_settings_add_where_it_says_so():
    added = targets.of_added(CONFIG["targets"], ["one", "two"])
    assert [entry["study"] for entry in added["export"]["builds"]] == ["one", "two"]
    assert added["toy"]["builds"] == CONFIG["targets"]["toy"]["builds"]
    assert [entry["study"] for entry in targets.of_added(CONFIG["targets"], [])["export"]["builds"]] == ["toy"]
    read = helpers.parsed({"answers": {"export": "parquet"}, "studies": {"mine": {"extends": "toy"}}}).globals["config"]
    assert [entry["study"] for entry in read["targets"]["export"]["builds"]] == ["mine"]
    names = ("points", "groups", "suspicious", "explanations")
    wanted = [f"results/toy/mlp-dropout/seed0/export/{name}.parquet" for name in names]
    assert targets.files_of(read, "export") == [*wanted, "results/mine/summary-export.html"]


def test_a_target_of_files_needs_no_study_and_one_of_figures_does():
    config = {"targets": {"mine": {"builds": [{"files": ["history.csv", "figures/history.png"]}]}}, "studies": {}}
    assert targets.files_of(config, "mine") == ["results/history.csv", "results/figures/history.png"]
    config["targets"]["mine"]["builds"] = [{"figures": ["overlap"], "files": ["history.csv"]}]
    with pytest.raises(WorkflowError, match=r"targets.mine.builds has figures of no study; give that entry a study"):
        targets.files_of(config, "mine")


def test_a_study_of_a_target_has_a_summary_of_all_that_it_builds_of_it():
    for name, target in CONFIG["targets"].items():
        files = targets.files_of(CONFIG, name)
        named = list(dict.fromkeys(part["study"] for part in target["builds"] if "study" in part))
        assert [path for path in files if "summary" in path] == [
            f"results/{study}/summary-{name}.html" for study in named
        ]
        read = []
        for study in named:
            wildcards = helpers.wildcards(study=study, of=f"-{name}")
            built, shown = summaries.built(CONFIG, wildcards), summaries.shown(CONFIG, wildcards)
            # every table is shown, but of folder export those that are the data
            left_out = [Path(path) for path in built if path.endswith(".csv") and path not in shown]
            assert all(path.parts[-2:] in (("export", "points.csv"), ("export", "groups.csv")) for path in left_out)
            read += built
        assert {path for path in files if "summary" not in path} - set(read) <= {
            "results/history.csv",
            "results/figures/history.png",
        }


def test_runs_of_wandb_are_written_where_the_settings_say_so():
    assert not any("wandb" in path for name in CONFIG["targets"] for path in targets.files_of(CONFIG, name))
    config = CONFIG | {"tracking": {"wandb": {"enabled": True, "project": "p"}}}
    assert targets.files_of(config, "explore")[-1] == "results/toy/wandb-explore"
    assert targets.own_files(config, ["toy"], [])[-1] == "results/toy/wandb"


def test_tables_of_figures_alone_stand_in_the_summary_too():
    wildcards = helpers.wildcards(study="cifar10-cnn", of="-cifar10_cnn")
    shown = summaries.shown(CONFIG, wildcards)
    for name in ("suspicious", "explanations", "recall", "overlap"):
        assert f"results/cifar10/cnn/seed0/{name}.csv" in shown
    given = CONFIG | {"studies": {"mine": CONFIG["studies"]["toy"]}}
    own = summaries.shown(given, helpers.wildcards(study="mine", of=""))
    assert {Path(path).name for path in own} >= {"suspicious.csv", "explanations.csv", "confusion.csv", "recall.csv"}


def test_the_list_of_targets_names_each_with_a_line(workflow):
    lines = targets.listed(CONFIG).splitlines()
    assert [line.split()[0] for line in lines] == list(CONFIG["targets"])
    assert all(len(line.split()) > 3 for line in lines)
    assert {rule.name for rule in workflow.rules if rule.name in CONFIG["targets"]} == set(CONFIG["targets"])
    assert workflow.default_target == "toy"


def test_a_target_of_ones_own_is_a_rule_and_none_may_take_a_rules_name():
    part = [{"study": "toy", "figures": ["04-dataset"]}]
    mine = {"mine": {"description": "the data", "builds": part}}
    found = helpers.parsed({"targets": mine}).get_rule("mine")
    assert list(found.expand_input({})[0]) == ["results/figures/toy/04-dataset.png", "results/toy/summary-mine.html"]
    with pytest.raises(WorkflowError, match=r"targets.find_groups has the name of a rule; take another name"):
        helpers.parsed({"targets": {"find_groups": mine["mine"]}})


# figures


def test_every_figure_has_its_script_and_its_page_of_the_report():
    scripts = {
        (path.parent.name, path.stem) for path in helpers.SCRIPTS.glob("*/plot_*.py") if path.parent.name != "examples"
    }
    # of every run that there is, so of no study
    scripts.remove(("answers", "plot_history"))
    assert {(figure.stage, name) for name, figure in figures.TABLE.items()} == scripts
    for figure in figures.TABLE.values():
        assert (helpers.ROOT / f"report/{figure.stage}/{figure.caption or figure.file}.rst").is_file()


def test_every_table_of_the_report_has_a_caption_and_what_is_made_is_marked(workflow):
    captions = {path.name for path in (helpers.ROOT / "report").glob("*/*.csv.rst")}
    assert captions == {f"{table.caption}.csv.rst" for table in tables.TABLE.values()}
    for table in tables.TABLE.values():
        assert Path(tables.caption(table, str(helpers.ROOT / "report"))).is_file()
    marked = {}
    for rule in workflow.rules:
        for file in rule.output:
            if str(file).endswith((".csv", ".png", ".html")) and is_flagged(file, "report"):
                flag = get_flag_value(file, "report")
                # the study tells files of one title apart, and without it one of them is all that a report shows
                assert "study" in flag.labels, file
                marked[re.sub(r",[^{}]*}", "}", str(file))] = flag
    names = {path.rsplit("/", 1)[-1] for path in marked}
    assert {"suspicious.csv", "recall.csv", "{table}-{extent}.csv", "summary{of}.html"} <= names
    assert marked["results/{dataset}/{model}/seed{seed}{scope}/evaluation.csv"].labels["study"].endswith("{scope}")


def test_a_figures_job_runs_its_own_script(workflow, monkeypatch):
    """The rules are made in a loop, and a job runs after it."""
    for name, figure in figures.TABLE.items():
        function, called = workflow.get_rule(name).run_func, []
        monkeypatch.setitem(function.__globals__, "script", lambda path, *rest, called=called: called.append(path))
        # what a job calls, with its rule's name as Snakemake gives it
        function(**dict.fromkeys(inspect.signature(function).parameters) | {"rule": name})
        assert called == [f"../scripts/{figure.stage}/{name}.py"]


# the code of a script


def test_the_code_of_a_script_is_what_it_imports_but_for_what_decides_no_number(tmp_path):
    for path, text in {
        "stage/a.py": "from attribution.low import b\nimport numpy\n",
        "attribution/low/b.py": "def f():\n    from attribution.low import c\n    import attribution.runtime.log\n",
        "attribution/low/c.py": "import attribution.costs.stages\n",
        "attribution/low/d.py": "",
        "attribution/runtime/log.py": "from attribution.low import d\n",
        "attribution/costs/stages.py": "",
        "runtime/own.py": "",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    def found():
        return {Path(path).name for path in code.modules(tmp_path, "stage/a.py")}

    assert found() == {"a.py", "b.py", "c.py"}
    (tmp_path / "attribution/low/c.py").write_text("import attribution.low.d  # longer\n")
    assert found() == {"a.py", "b.py", "c.py", "d.py"}


# small ones


def test_names_of_settings_match_themselves_only():
    assert names.one_of(["a.b", "c"]) == r"a\.b|c" and names.one_of([]) == "(?!)"
    assert names.loaded_by(CONFIG, "toy").split("|")[0] == "toy" and r"toy\-flipped" in names.loaded_by(CONFIG, "toy")
    assert names.loaded_by({"datasets": {"a.b": {"loader": "toy"}, "c": {"loader": "npz"}}}, "toy") == r"a\.b"
    # a loader that is added is among the others
    added = {"datasets": CONFIG["datasets"] | {"moons": {"loader": "moons"}}}
    others = names.not_loaded_by(added, "toy").split("|")
    assert "moons" in others and "cifar10" in others and "toy" not in others


def test_shards_of_subsets():
    chosen = {"shards": [7, 3, 20], "held_out": 5}
    assert [shards.numbers(chosen, name) for name in ("held-out", "0", "1", "2")] == [[0, 5], [0, 7], [7, 3], [10, 20]]


def test_digests_of_several_files_count_their_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("a", "1"), ("b", "2")):
        (tmp_path / name).write_text(text)
    single = contents.digest_of("a")
    assert contents.digest_of_all(("a",)) == single != contents.digest_of("b")
    both = contents.digest_of_all(("a", "b"))
    (tmp_path / "a").write_text("2"), (tmp_path / "b").write_text("1")
    assert contents.digest_of_all(("a", "b")) != both and contents.digest_of("b") == single
    assert contents.digest_of("absent") is None


def test_a_data_set_without_its_file_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = {"datasets": {"mine": {"loader": "npz", "path": "mine.npz"}}}
    with pytest.raises(WorkflowError, match=r"datasets.mine.path is 'mine.npz', and there is no such file"):
        inputs.existing(config, "path", SimpleNamespace(dataset="mine"))


def test_class_weights_reach_every_job_of_a_model_by_the_numbers_of_classes(workflow):
    """What is told to the jobs of a model that weighs classes, and that all others are told nothing of it."""
    weighed = {"models": {"even": {"extends": "mlp-plain", "class_weights": {"red": 3}},
                          "balanced": {"extends": "mlp-plain", "class_weights": "balanced"}}}  # fmt: skip
    found = helpers.parsed(weighed)
    jobs = {"train_model": "recipe", "retrain_leave_one_out": "recipe", "retrain_truth": "recipe",
            "cache_gradients": "class_weights", "score_method": "settings", "attribute_method": "settings",
            "predict_removals": "settings", "explain_method": "settings", "group_method": "settings"}  # fmt: skip
    wildcards = {"dataset": "toy", "seed": "0", "scope": "", "method": "newton", "table": "overlap", "repetition": "0"}
    names = CONFIG["datasets"]["toy"]["class_names"]
    for name, key in jobs.items():
        given, told = found.get_rule(name).params.get(key), {}
        for model in ("mlp-plain", "even", "balanced"):
            value = given(helpers.wildcards(**wildcards, model=model)) if callable(given) else given
            told[model] = value if key == "class_weights" else value.get("class_weights", [])
        of_names = [3.0 if n == "red" else 1.0 for n in names]
        assert told == {"mlp-plain": [], "even": of_names, "balanced": "balanced"}, name
    config = found.globals["config"]
    asked = partitions.asked(config, "partition", helpers.wildcards(**wildcards, model="even"))
    assert all(one["settings"]["class_weights"] == [1.0, 3.0] for one in asked.values())
    recipes = partitions.recipes(config, helpers.wildcards(**wildcards, model="even"))
    assert recipes["trained"]["class_weights"] == recipes["untrained"]["class_weights"] == [1.0, 3.0]
    config["models"]["even"]["class_weights"] = {"green": 2}
    with pytest.raises(
        WorkflowError, match=r'models\.even\.class_weights is "green", which is not defined; allowed are'
    ):
        found.get_rule("cache_gradients").params["class_weights"](helpers.wildcards(**wildcards, model="even"))
