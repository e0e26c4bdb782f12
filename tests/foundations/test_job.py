"""A job's arguments by name, and how its errors end it: in-process, in a small workflow, and in the project's own."""

import hashlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from attribution.files import hdf5, provenance, resume
from attribution.runtime import failures, job
from helpers import ROOT, SCRIPTS, script_environment

pytestmark = pytest.mark.slow

FOUND = {
    "input": {"data": "data.h5", "model": "model.keras", "tables": ["a.csv", "b.csv"]},
    "params": {"scope": "last_layer", "plane": {"points": 60}, "top": 10},
    "wildcards": {"model": "cnn", "seed": "3", "alpha": "0.50", "scope": "/last_layer"},
    "output": {"table": "table.csv"},
    "job": {"path": "table.csv", "rule": "draw", "ends": None},
}


def filled(function, **sources):
    return job.arguments(function, sources, FOUND, "draw")


def refused(function, **sources):
    with pytest.raises(ValueError) as refusal:
        filled(function, **sources)
    return str(refusal.value)


def test_arguments_are_found_by_their_names_wherever_they_stand():
    def draw(data, tables, top, path, table, ends): ...

    assert filled(draw) == {
        "data": "data.h5", "tables": ["a.csv", "b.csv"], "top": 10, "path": "table.csv", "table": "table.csv",
        "ends": None,
    }  # fmt: skip


def test_wildcards_become_the_numbers_that_arguments_are_to_be():
    def draw(seed: int, alpha: float, top: float): ...

    found = filled(draw)
    assert found == {"seed": 3, "alpha": 0.5, "top": 10} and type(found["top"]) is int
    assert refused(lambda seed: 0, seed="wildcards.sed").startswith("rule draw: argument 'seed' of <lambda> is missing")

    def other(model: int): ...

    assert refused(other, model="wildcards.model") == "rule draw: argument 'model' of other is 'cnn', and should be int"


def test_what_is_absent_is_none_or_the_default_where_the_function_says_so():
    def draw(pairs: str | None, own=(1, 2)): ...

    assert filled(draw) == {"pairs": None}


def test_an_argument_may_be_named_by_place_or_made_by_a_function_of_others():
    def draw(points, model, label): ...

    made = filled(draw, points="params.plane.points", model="input.model", label=lambda seed, top: f"{seed}-{top}")
    assert made == {"points": 60, "model": "model.keras", "label": "3-10"}


def test_missing_doubled_and_unknown_names_are_one_sentence():
    def draw(dat): ...

    assert refused(draw) == (
        "rule draw: argument 'dat' of draw is missing; nothing has its name in input: data, model, tables; "
        "params: scope, plane, top; wildcards: model, seed, alpha, scope; output: table; job: path, rule, ends"
    )
    assert refused(lambda model: 0) == (
        "rule draw: argument 'model' of <lambda> stands in input and in wildcards; say which, as model='input.model'"
    )
    assert "no params.plane.width in input: data" in refused(draw, dat="params.plane.width")
    assert "is to be params.top.x, and what should hold 'x' is int" in refused(draw, dat="params.top.x")
    assert refused(draw, data="input.data") == "rule draw: draw has no argument 'data'; it has dat"
    assert "argument 'scope' of <lambda> stands in params" in refused(draw, dat=lambda scope: scope)


def caught(text, **names):
    """The error that code of a file in scripts/ raises."""
    variables = {"__file__": str(SCRIPTS / "groups/find_groups.py"), "np": np, "hdf5": hdf5, **names}
    try:
        exec(compile(textwrap.dedent(text), "a copy of it", "exec"), variables)
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


MEANT = {
    "in one line": "raise ValueError('size is 5')",
    "in several lines": """
        size = 5
        raise ValueError(
            f"size is {size}"
            + ""
        )""",
    "from another error": """
        try:
            {}['key']
        except KeyError as error:
            raise RuntimeError('size is 5') from error""",
    "in place of another error": """
        try:
            int('x')
        except ValueError:
            raise MemoryError('size is 5') from None""",
    "of a kind of its own": """
        class Refused(ValueError): pass
        def refuse(): raise Refused('size is 5')
        [refuse() for _ in range(2)]""",
    "as a key": "raise KeyError('size is 5')",
    "passed on": """
        try:
            raise OSError('size is 5')
        except OSError:
            raise""",
}


@pytest.mark.parametrize("text", MEANT.values(), ids=MEANT)
def test_an_error_that_the_code_raises_is_its_sentence(text):
    error = caught(text)
    assert failures.is_meant(error) and failures.sentence(error) == "size is 5"


UNKNOWN = {
    "of numpy": "np.zeros(2) @ np.zeros(3)",
    "of an index": "{}['key']",
    "while the sentence is made": "raise ValueError(f'size is {dict()[5]}')",
    "while the sentence is made, in several lines": """
        raise ValueError(
            'size is '
            + int('x')
        )""",
    "an assertion": "assert False, 'size is 5'",
    "a kind without sentences": "raise TypeError('size is 5')",
    "no sentence": "raise ValueError",
    "of numpy, passed on": """
        try:
            np.zeros(2) @ np.zeros(3)
        except ValueError as error:
            raise""",
    "of numpy, passed on by name": """
        try:
            np.zeros(2) @ np.zeros(3)
        except ValueError as error:
            raise error""",
}


@pytest.mark.parametrize("text", UNKNOWN.values(), ids=UNKNOWN)
def test_an_error_that_nobody_foresaw_is_not(text):
    assert not failures.is_meant(caught(text))


def test_a_raise_outside_scripts_is_not_and_one_inside_a_with_block_of_scripts_is(tmp_path):
    assert not failures.is_meant(caught("raise ValueError('size is 5')", __file__=str(tmp_path / "network.py")))
    assert not failures.is_meant(caught("raise ValueError('size is 5')", __file__=None))
    hdf5.write(tmp_path / "a.h5", {"x": [1]}, {})
    missing = caught("hdf5.read(path, 'y')", path=tmp_path / "a.h5")
    assert failures.is_meant(missing) and failures.sentence(missing).startswith(f"{tmp_path}/a.h5 holds ['x'], not")
    assert failures.is_meant(caught("hdf5.read('none.h5', 'y')"))


def snakemake(folder, *arguments, **variables):
    command = [Path(sys.executable).with_name("snakemake"), "--cores", "1", *arguments]
    # streams as buffered as Python has them, whatever the terminal of the tests says
    environment = script_environment(PYTHONUNBUFFERED="", **variables)
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


# the interpreter as rules/common.smk gives it to Snakemake, so that the project may lie in a folder with a blank
HEAD = """
import os, sys
from attribution.runtime import environment
sys.executable = environment.interpreter(sys.executable, os.environ)

"""
SMALL = """
rule made:
    input:
        "unnamed-0.txt",
        one="one-{seed}.txt",
        own=["own-{seed}.txt"],
        several=["two-{seed}.txt", "three-{seed}.txt"],
        code=["made.py"],
    output: "made-{seed}.json", table="made-{seed}.csv"
    log: "logs/made-{seed}.log"
    params: digests={"a": 1}, chosen=[1, 2], how=lambda w: {"b": w.seed}
    resources: gpu=lambda w: int(w.seed == "4"), runtime=5
    script: "made.py"
"""
MADE = """
from attribution.runtime import job
job.begin()
import json, os
from attribution.files import provenance, resume

print("to the log")

def made(one, several: list, files, inputs, code, outputs, path, table, seed: int, chosen, how, rule, ends, digest,
         attributes):
    assert all(type(value) in (str, int, list, dict, type(None)) for value in list(locals().values())), locals()
    found = dict(locals()) | {"gpu": os.environ["CUDA_VISIBLE_DEVICES"]}
    open(table, "w").close()
    with open(path, "w") as file:
        json.dump(found, file)

job.run(made, digest=resume.of_job, attributes=provenance.attributes)
"""


def test_a_job_of_snakemake_gets_its_arguments_its_log_and_its_gpu(tmp_path):
    (tmp_path / "Snakefile").write_text(HEAD + SMALL)
    (tmp_path / "made.py").write_text(MADE)
    for name in ("unnamed-0", *(f"{name}-{seed}" for name in ("one", "own", "two", "three") for seed in (4, 5))):
        (tmp_path / f"{name}.txt").write_text(name)
    # a machine of two GPUs, and locks of this test alone
    machine = {"CUDA_VISIBLE_DEVICES": "7,8", "TMPDIR": str(tmp_path)}
    done = snakemake(tmp_path, "--", "made-4.json", "made-5.json", **machine)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "logs/made-4.log").read_text() == "to the log\n"
    found = json.loads((tmp_path / "made-4.json").read_text())
    files = {"one": "one-4.txt", "own": ["own-4.txt"], "several": ["two-4.txt", "three-4.txt"]}
    inputs = ["unnamed-0.txt", "one-4.txt", "own-4.txt", "two-4.txt", "three-4.txt", "made.py"]
    settings = {"chosen": [1, 2], "how": {"b": "4"}}
    assert found == {
        "one": "one-4.txt", "several": files["several"], "files": files, "inputs": inputs,
        "code": ["made.py", "own-4.txt"], "outputs": ["made-4.json", "made-4.csv"], "path": "made-4.json",
        "table": "made-4.csv", "seed": 4, "rule": "made", "ends": None, "gpu": "7",
        "digest": resume.digest(settings, [tmp_path / name for name in inputs]),
        "attributes": provenance.attributes("made", {"seed": "4"}, settings), **settings,
    }  # fmt: skip
    assert json.loads((tmp_path / "made-5.json").read_text())["gpu"] == "7,8"


FAILING = """
rule failing:
    output: "{kind}.txt"
    log: "{kind}.log"
    script: "failing.py"
"""
FAIL = """
from attribution.runtime import job
job.begin()
import numpy as np
from attribution.files import hdf5

def failing(kind):
    print("before")
    if kind == "sentence":
        hdf5.read("none.h5", "x")
    if kind == "crash":
        import os
        os.abort()
    return np.zeros(2) @ np.zeros(3)

job.run(failing)
"""


def test_a_sentence_alone_reaches_the_terminal_and_other_errors_with_their_traceback(tmp_path):
    (tmp_path / "Snakefile").write_text(HEAD + FAILING)
    (tmp_path / "failing.py").write_text(FAIL)
    sentence = f"none.h5 does not exist; correct the path, relative to {tmp_path}"
    for kind, told in (("sentence", sentence), ("bug", "ValueError: matmul"), ("crash", "Fatal Python error: Aborted")):
        done = snakemake(tmp_path, "--", f"{kind}.txt")
        text, lines = done.stdout + done.stderr, (tmp_path / f"{kind}.log").read_text().splitlines()
        assert done.returncode != 0 and text.count(told) == 1, text
        assert ("Traceback" in text) == (kind == "bug") and ('failing.py", line' in text) == (kind != "sentence"), text
        if kind != "crash":
            assert lines[:2] == ["before", "Traceback (most recent call last):"] and lines[-1].startswith(told)
            assert sum(told in line for line in lines) == 1


@pytest.mark.parametrize("quiet", [[], ["--quiet", "rules", "reason", "host"]], ids=["all", "as make says it"])
def test_ones_own_data_are_refused_in_a_sentence_on_the_terminal_and_at_the_end_of_the_log(tmp_path, quiet):
    x = np.zeros((20, 2), dtype=np.float32)
    x[3, 1] = np.nan
    np.savez(tmp_path / "mine.npz", x_train=x, y_train=np.arange(20) % 2, x_test=x[10:], y_test=np.arange(10) % 2)
    (tmp_path / "mine.yaml").write_text("datasets: {mine: {loader: npz, path: mine.npz}}\n")
    done = snakemake(
        tmp_path, "-s", ROOT / "Snakefile", "--workflow-profile", ROOT / "profiles/default", "--configfile",
        "mine.yaml", *quiet, "--", "results/mine/data.h5",
    )  # fmt: skip
    text, log = done.stdout + done.stderr, (tmp_path / "results/logs/prepare_arrays/mine.log").read_text()
    sentence = "mine.npz: x_train holds NaN or infinity, first in row 3; remove or replace it"
    assert done.returncode == 1 and not (tmp_path / "results/mine/data.h5").exists()
    lines = [line for line in text.splitlines() if line]
    assert lines.count(sentence) == 1 and "Traceback" not in text, text
    assert lines[-1] == f"prepare_arrays: {sentence} (results/logs/prepare_arrays/mine.log)"
    # of a job that is told with all its parts its message says it too
    assert text.count(sentence) == (2 if quiet else 3)
    assert log.startswith("Traceback") and log.splitlines()[-1] == sentence and log.count(sentence) == 1


def test_every_rule_gives_its_script_the_arguments_that_it_asks_for(tmp_path):
    (tmp_path / "images.tar.gz").write_bytes(b"")
    digest = "sha256:" + hashlib.sha256(b"").hexdigest()
    known = {"archive": "images.tar.gz", "digest": digest}
    mine = {"loader": "npz", "path": "mine.npz"}
    x, y = np.zeros((20, 2), dtype=np.float32), np.arange(20) % 2
    np.savez(tmp_path / "mine.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    datasets = {
        "cifar10": known,
        "mine": mine,
        "away": {"loader": "cifar10", "archive": "https://localhost/x.tar.gz", "digest": digest},
    }
    studies = {"mine": {"dataset": "mine", "model": "mlp-plain", "removed": [3], "groups": {"size": 5, "seeds": [0]}}}
    (tmp_path / "mine.yaml").write_text(json.dumps({"datasets": datasets, "studies": studies}))
    command = [
        sys.executable, ROOT / "tests/arguments_of_jobs.py", "-s", ROOT / "Snakefile", "-n", "-F", "--quiet", "all",
        "--cores", "1", "--configfile", ROOT / "config/cifar10.yaml", "mine.yaml", "--", "toy", "toy_boundary",
        "toy_flipped", "cifar10_cnn", "cifar10_boundary", "results/mine/data.h5", "results/away/data.h5",
        "results/toy/mlp-dropout/seed0/judges/cost.csv",
        "removal",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=script_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert {"prepare_arrays", "prepare_cifar10", "download_archive", "compute_topk", "fit_datamodels"} <= set(found)
    assert {"judge_methods", "retrain_without_named", "refit_without_named"} <= set(found)
    assert len(found) > 45
    assert {rule: said for rule, said in found.items() if said} == {}
