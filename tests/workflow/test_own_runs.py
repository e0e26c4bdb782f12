"""Runs of one's own data with the default studies beside them: what nothing asks for refuses nothing."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers import ROOT

pytestmark = pytest.mark.slow

# a data set and a variant that YAML makes numbers, names with a dot and capitals, indices that the toy set lacks
SETTINGS = """
datasets: {2024: {loader: npz, path: mine.npz, class_names: [cat, 1]}}
models:
  Net.v2:
    architecture: mlp
    hidden: [4]
    dropout: 0.0
    l1: 0.0
    l2: 0.0
    training: {optimizer: adam, learning_rate: 0.01, momentum: 0.0, epochs: 2, batch_size: 8, schedule: []}
influence: {targets: [cat, '1', 700]}
groups: {seeds: [cat, 700], size: 600, variants: {2: {size: 650}, Most.2: {size: 700}}}
"""
RUN = "results/2024/Net.v2/seed0"


def dry(folder, *arguments):
    command = [Path(sys.executable).with_name("snakemake"), "-s", ROOT / "Snakefile", "--workflow-profile",
               ROOT / "profiles/default", "--cores", "1", "-n", *arguments]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def write(folder, n):
    x, y = np.zeros((n, 2), dtype=np.float32), np.arange(n) % 2
    np.savez(folder / "mine.npz", x_train=x, y_train=y, x_test=x[:9], y_test=y[:9])


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, 701)
    (tmp_path / "mine.yaml").write_text(SETTINGS)
    return tmp_path


def test_a_run_of_ones_own_data_is_not_refused_for_the_toy_studys_sake(folder):
    groups = [f"{RUN}/groups{name}.h5" for name in ("", "-2", "-Most.2")]
    code, text = dry(folder, "--configfile", "mine.yaml", "--", *groups)
    assert code == 0, text
    table = text.partition("Job stats:")[2].partition("total")[0]
    assert re.search(r"^find_groups +3$", table, re.MULTILINE) and re.search(r"^train_model +1$", table, re.MULTILINE)


def test_what_its_own_data_lack_is_said_before_any_job(folder):
    write(folder, 700)
    for name, sentence in (
        (
            "groups.h5",
            "groups.seeds holds 700, but data set '2024' has 700 training points; allowed are indices below 700",
        ),
        (
            "influence.h5",
            "influence.targets holds 700, but data set '2024' has 700 training points; allowed are indices below 700",
        ),
        ("groups-3.h5", "groups-3.h5 was asked for, but groups.variants has no '3'; defined are "),
    ):
        code, text = dry(folder, "--configfile", "mine.yaml", "--", f"{RUN}/{name}")
        assert code and sentence in text and "Job stats" not in text, text
    # a name's dot is a dot
    code, text = dry(folder, "--configfile", "mine.yaml", "--", f"{RUN.replace('.', '_')}/model.keras")
    assert code and f"{RUN.replace('.', '_')}/model.keras was asked for, but there is no model 'Net_v2'" in text, text
    assert "perhaps Net.v2 is meant" in text and "MissingRuleException" not in text
    # what needs neither groups nor influence is built
    code, text = dry(folder, "--configfile", "mine.yaml", "--", f"{RUN}/model.keras")
    assert code == 0, text


def test_built_in_studies_can_be_switched_off(folder):
    data, studies = "={toy: null, toy-flipped: null}", "={toy: null, toy-flipped: null, toy-truth: null}"
    off = [
        "--configfile",
        "mine.yaml",
        "--config",
        f"studies{studies}",
        f"datasets{data}",
        "models={mlp-l1: null, mlp-l1-untrained: null}",
    ]
    code, text = dry(folder, *off, "--", f"{RUN}/groups.h5")
    assert code == 0, text
    code, text = dry(folder, *off, "--", "toy_seeds")
    assert code and "studies.toy is switched off in the settings, and this target is of that study" in text, text
    # without a target what the settings add is built, and of this data set there is no study
    code, text = dry(folder, *off)
    assert code and "no study names data set '2024'; add one to your settings" in text, text
