"""The project used by another Snakefile, as a module and by include, with settings and a folder of its own: a study
is really built."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from helpers import ROOT

pytestmark = pytest.mark.slow

SETTINGS = {
    "studies": {"mine": {"dataset": "mine", "model": "mine", "groups": {"seeds": [0, 1], "size": 5}}},
    "datasets": {"mine": {"loader": "npz", "path": "mine.npz", "class_names": ["cat", "dog"]}},
    "models": {"mine": {"architecture": "mlp", "hidden": [4], "training": {"epochs": 20, "learning_rate": 0.02}}},
}  # fmt: skip
RUN = "results/mine/mine/seed0"
MODULE = f"""
configfile: "other.yaml"

rule all:
    input: "counted.txt"

module examples:
    snakefile: "{ROOT}/Snakefile"
    config: config["examples"]

use rule * from examples as examples_*

rule count:
    input: groups="{RUN}/groups.h5"
    output: "counted.txt"
    params: digests="mine"
    shell: "wc -c < {{input.groups}} > {{output}}; echo {{config[samples]}} {{params.digests}} >> {{output}}"
"""
INCLUDE = f"""
configfile: "other.yaml"

rule all:
    input: "{RUN}/groups.h5", "count.txt"

include: "{ROOT}/Snakefile"

rule count:
    output: "count.txt"
    shell: "echo {{config[samples]}} > {{output}}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other")
    x = np.random.default_rng(0).normal(size=(60, 2))
    y = (x[:, 0] > 0).astype(int)
    np.savez(folder / "mine.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    return folder


def snakemake(folder: Path, text: str, settings: dict, *arguments: str) -> str:
    (folder / "other.smk").write_text(text)
    (folder / "other.yaml").write_text(yaml.safe_dump(settings))
    command = [Path(sys.executable).with_name("snakemake"), "-s", "other.smk", "--cores", "1", "--rerun-triggers",
               "mtime", "params", "input", *arguments]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return f"{done.returncode}\n{done.stdout}{done.stderr}"


def test_as_a_module_it_builds_a_study_and_then_by_include_the_same_is_there(folder):
    said = snakemake(folder, MODULE, {"samples": 3, "examples": SETTINGS})
    assert said.startswith("0\n"), said
    assert (folder / "counted.txt").read_text().split()[1:] == ["3", "mine"]
    assert (folder / RUN / "groups.h5").stat().st_size == int((folder / "counted.txt").read_text().split()[0])
    again = snakemake(folder, MODULE, {"samples": 3, "examples": SETTINGS}, "-n")
    assert "Nothing to be done" in again, again
    # the same settings, at the top of those of the other Snakefile, whose default target stays
    said = snakemake(folder, INCLUDE, SETTINGS | {"samples": 4})
    assert said.startswith("0\n") and (folder / "count.txt").read_text() == "4\n", said
    assert "examples" not in said and "train_model" not in said and "1 of 2 steps" in said, said


def test_settings_that_cannot_be_are_a_sentence_there_too(folder):
    wrong = SETTINGS | {"groups": {"sizes": 3}}
    for text, settings in ((MODULE, {"samples": 3, "examples": wrong}), (INCLUDE, wrong | {"samples": 3})):
        said = snakemake(folder, text, settings, "-n")
        assert not said.startswith("0\n") and "groups.sizes is not a setting; allowed here are rule" in said, said
    # of a module every key is the project's
    said = snakemake(folder, MODULE, {"samples": 3, "examples": SETTINGS | {"sample": 3}}, "-n")
    assert "sample is not a setting; allowed here are studies" in said, said
