"""Names of results that no rule makes, and what is said of jobs that fail."""

import logging

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

import helpers
from attribution.runtime import missing, told
from attribution.runtime.missing import Output

NAMES = {"dataset": "toy|digits", "model": r"mlp\-l2|mlp\-dropout", "seed": r"\d+", "scope": "(/all_layers)?"}
RUN = "results/{dataset}/{model}/seed{seed}"
OUTPUTS = [
    Output("results/{dataset}/data.h5", NAMES),
    Output(f"{RUN}/model.keras", NAMES),
    Output(f"{RUN}{{scope}}/groups{{variant}}.h5", NAMES | {"variant": "(-[^/]+)?"}),
    Output(f"{RUN}/scores/{{method}}.h5", NAMES | {"method": "loss|margin|self\\-influence"}),
    Output("results/figures/{study}/confusion.png", {"study": "toy|mine"}),
]
HOME = "results/toy/mlp-l2/seed0"


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("toyy", "there is no target and no rule 'toyy'; perhaps toy is meant"),
        ("results/toyy/data.h5", "no data set 'toyy'; perhaps toy is meant; there are toy, digits"),
        ("results/toy/mlp-12/seed0/model.keras", "no model 'mlp-12'; perhaps mlp-l2 is meant"),
        ("results/toy/mlp-l2/seed0/scores/self-influnce.h5", "no method 'self-influnce'; perhaps self-influence is"),
        ("results/figures/toi/confusion.png", "no study 'toi'; perhaps toy is meant; there are toy, mine"),
        ("results/toy/mlp-l2/seedx/model.keras", r"'x' cannot be its seed, which is of the form \d+"),
        (f"{HOME}/grups.h5", f"no rule makes it; perhaps {HOME}/groups.h5 is meant; made in {HOME}/ are groups.h5, m"),
        ("results/figures/mine/confuson.png", "perhaps results/figures/mine/confusion.png is meant"),
        ("elsewhere/a.csv", "elsewhere/a.csv was asked for, but no rule makes it"),
    ],
)  # fmt: skip
def test_a_wrong_name_is_a_sentence_with_what_may_be_meant(file, sentence):
    assert sentence in missing.sentence(file, ["toy", "train_model"], OUTPUTS)


def record(event=None, **more):
    found = logging.LogRecord("snakemake", logging.ERROR, "", 0, "Error in rule", (), None)
    vars(found).update({"event": event} | more)
    return found


def test_a_failed_job_says_why_and_lists_no_source_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.log").write_text("Traceback\n  File x\nmine.npz: x_train holds NaN\n\n")
    one = told.Told(tmp_path / "scripts", str)
    files = ["mine.npz", "scripts/a.py", "scripts/b/c.py"]
    job = {"rule_name": "prepare_arrays", "log": ["a.log"], "rule_msg": None}
    failed = record(LogEvent.JOB_ERROR, input=files, **job)
    assert one.filter(failed)
    assert failed.rule_msg == "mine.npz: x_train holds NaN" and failed.input == ["mine.npz", "2 source files"]
    begun = record(LogEvent.JOB_INFO, input=files, **job)
    assert one.filter(begun) and begun.rule_msg is None and begun.input == ["mine.npz", "2 source files"]
    assert one.filter(record())
    last = record()
    last.msg = "WorkflowError:\nAt least one job did not complete successfully."
    assert told.Told(tmp_path, str).filter(last) and "At least one job" in last.getMessage()
    assert (
        one.filter(last) and last.getMessage() == "WorkflowError:\nprepare_arrays: mine.npz: x_train holds NaN (a.log)"
    )


def test_what_snakemake_says_of_a_file_that_no_rule_makes_is_the_sentence(tmp_path):
    one = told.Told(tmp_path, lambda file: f"about {file}")
    for text, said in (
        ("MissingRuleException:\nNo rule to produce a/b.h5 (if you use input functions make", "about a/b.h5"),
        (
            "MissingInputException in rule mine in file x, line 12:\nMissing input files for rule mine:\n"
            "    affected files:\n        results/a.csv\n        results/b.csv",
            "mine: about results/a.csv",
        ),
    ):
        printed = record()
        printed.msg = text
        assert one.filter(printed) and printed.getMessage() == f"WorkflowError:\n{said}"
    other = record()
    assert one.filter(other) and other.getMessage() == "Error in rule"


def test_the_rules_are_those_of_the_workflow():
    said = missing.of(helpers.parsed({}))
    home = "results/toy/mlp-dropout/seed0"
    assert f"perhaps {home}/groups.h5 is meant; made in {home}/ are " in said(f"{home}/grups.h5")
    assert "no method 'self-influnce'; perhaps self-influence is meant" in said(f"{home}/scores/self-influnce.h5")
    assert "no model 'mlp-droput'; perhaps mlp-dropout is" in said("results/toy/mlp-droput/seed0/groups.h5")
    assert "no data set 'toi'; perhaps toy is meant" in said("results/toi/data.h5")
    assert "perhaps results/figures/toy/explanations.png is meant" in said("results/figures/toy/explanation.png")
