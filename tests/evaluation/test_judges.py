"""Judges without settings: the table of one, what is read of them, and that a new one is one file and one line."""

import numpy as np
import pandas as pd
import pytest

import helpers
import judge_methods
from attribution.evaluation import cost, judge
from attribution.files import hdf5
from attribution.workflow import methods, registry

RUN = "results/toy/mlp-dropout/seed0"
HERE = {"dataset": "toy", "model": "mlp-dropout", "seed": "0"}
CONFIG = {
    "models": {},
    "methods": {"inspection": ["loss", "margin"], "overlap": ["influence"], "retrieval_groups": ["l-relative"]},
    "boundary": {"greedy": {"forms": {"exact": {}}}},
}


@pytest.mark.parametrize("name", registry.JUDGES)
def test_each_judge_is_a_function_and_reads_a_table_of_the_settings(name):
    text, table = registry.JUDGES[name]
    assert callable(judge.resolve(text)) and table in registry.NEEDED


def test_the_table_of_a_judge_has_what_the_files_say(tmp_path):
    facts = {"family": "boundary", "seconds": 2.5, "peak_memory": 300}
    for name, stored in (("loss", 0), ("boundary", 1)):
        hdf5.write(tmp_path / f"{name}.h5", {"points": np.zeros(3)}, facts | {"stored": stored})
    files = {name: str(tmp_path / f"{name}.h5") for name in ("loss", "boundary")}
    judge_methods.judge_methods(cost.table, "data.h5", files, str(tmp_path / "cost.csv"))
    written = pd.read_csv(tmp_path / "cost.csv")
    assert written.method.tolist() == ["loss", "boundary"] and written.peak_memory.tolist() == [300, 300]
    assert written.seconds[0] == 2.5 and np.isnan(written.seconds[1])


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("inspection", {"loss": "loss", "margin": "margin"}),
        ("overlap", {"embedding-euclidean": "overlap/embedding-euclidean",
                     "embedding-cosine": "overlap/embedding-cosine", "influence": "overlap/influence"}),
        ("retrieval_groups", {"l-relative": "retrieval/l-relative"}),
    ],
)  # fmt: skip
def test_a_new_judge_is_one_line_and_gets_the_scores_of_its_table(monkeypatch, table, expected):
    monkeypatch.setitem(registry.JUDGES, "added", ("cost:table", table))
    wildcards = helpers.wildcards(**HERE, judge="added")
    found = dict(zip(methods.judged(CONFIG, wildcards), methods.judged_files(CONFIG, wildcards), strict=True))
    assert found == {name: f"{RUN}/scores/{path}.h5" for name, path in expected.items()}


def test_only_its_own_jobs_depend_on_a_judge(monkeypatch):
    monkeypatch.chdir(helpers.ROOT)
    monkeypatch.setitem(registry.JUDGES, "added", ("recovery:precision", "overlap"))
    code = {
        name: set(methods.code_of_judge(helpers.SCRIPTS, "evaluation/judge_methods.py",
                                        helpers.wildcards(**HERE, judge=name)))
        for name in ("cost", "added")
    }  # fmt: skip
    own = {"cost": "scripts/attribution/evaluation/cost.py", "added": "scripts/attribution/evaluation/recovery.py"}
    for name, other in (("cost", "added"), ("added", "cost")):
        assert own[name] in code[name] and own[name] not in code[other]
        assert "scripts/evaluation/judge_methods.py" in code[name]
