"""What an edit of the project's code reruns: dry runs on results that Snakemake takes for its own; nothing is computed.

A number of jobs is not written down: it is that of the rules whose scripts use the file.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import helpers

PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "report")
COMMAND = [str(Path(sys.executable).with_name("snakemake")), "--configfile", "config/tiny.yaml", "--cores", "1"]
TARGETS = ("toy", "toy_boundary", "toy_flipped")

pytestmark = pytest.mark.slow


def snakemake(folder: Path, *arguments: str) -> str:
    done = subprocess.run([*COMMAND, *arguments, "--", *TARGETS], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def would_rerun(folder: Path) -> dict[str, int]:
    """Jobs of each rule that a dry run would execute."""
    text = snakemake(folder, "-n")
    table = text.partition("Job stats:")[2].partition("total")[0]
    assert table or "Nothing to be done" in text
    rows = re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)
    return {rule: int(count) for rule, count in rows if rule not in TARGETS}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A copy of the project with an empty file for each result, recorded as made by the code as it is."""
    folder = tmp_path_factory.mktemp("project")
    for part in PARTS:
        source, copied = helpers.ROOT / part, folder / part
        if source.is_dir():
            shutil.copytree(source, copied, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copied)
    everything = snakemake(folder, "-n", "--forceall")
    for line in re.findall(r"^    output: (.+)$", everything, re.MULTILINE):
        for name in line.split(", "):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("")
    snakemake(folder, "--touch", "--forceall")
    return folder


@pytest.fixture
def project(recorded):
    """The copy; what a test edits is put back."""

    def files():
        parts = [recorded / part for part in ("scripts", "config", "rules")]
        found = [path for part in parts for path in part.rglob("*.*") if path.is_file()]
        return [path for path in found if "__pycache__" not in path.parts]

    kept = {path: path.read_bytes() for path in files()}
    yield recorded
    for path in set(files()) - set(kept):
        path.unlink()
    for path, content in kept.items():
        if path.read_bytes() != content:
            path.write_bytes(content)


def users(folder: Path, module: str) -> set[str]:
    """Rules whose scripts use a module, by the inputs of their jobs."""
    # what a run prints has no source files among inputs
    rows = [line.split("\t") for line in snakemake(folder, "--detailed-summary").splitlines() if line.count("\t") > 5]
    place = {name: column for column, name in enumerate(rows[0])}
    return {row[place["rule"]] for row in rows[1:] if f"scripts/attribution/{module}" in row[place["input-file(s)"]]}


def comment(path: Path) -> None:
    path.write_text(path.read_text() + "\n# a comment\n")


def test_nothing_reruns_without_an_edit(project):
    assert would_rerun(project) == {}


@pytest.mark.parametrize("module", ["runtime/log.py", "runtime/devices.py", "costs/stages.py", "costs/jobs/groups.py"])
def test_what_a_job_prints_and_asks_for_reruns_nothing(project, module):
    comment(project / "scripts/attribution" / module)
    assert would_rerun(project) == {}


@pytest.mark.parametrize("module", ["workflow/studies.py", "workflow/figures.py", "workflow/inputs.py"])
def test_what_reads_the_rules_reruns_nothing(project, module):
    comment(project / "scripts/attribution" / module)
    assert would_rerun(project) == {}


@pytest.mark.parametrize("module", ["groups/greedy.py", "drawing/style.py", "boundary/exact.py"])
def test_a_module_reruns_its_users_and_what_follows(project, module):
    found = users(project, module)
    comment(project / "scripts/attribution" / module)
    rerun = set(would_rerun(project))
    assert found and found <= rerun
    # what else reruns reads a result of those
    assert not rerun & {"prepare_toy", "train_model", "cache_gradients", "cache_hessian"}
    if module == "drawing/style.py":
        assert rerun == found and all(rule.startswith("plot_") for rule in rerun)


def test_a_figure_reruns_for_its_own_script(project):
    comment(project / "scripts/groups/plot_turning_point.py")
    assert would_rerun(project) == {"plot_turning_point": 1}


def test_a_new_module_and_a_new_study_rerun_nothing(project):
    (project / "scripts/attribution/networks/new.py").write_text("def build():\n    pass\n")
    study = json.dumps({"dataset": "toy", "model": "mlp-l2", "seed": 0, "scope": "last_layer", "target": "left",
                        "other": "right"})  # fmt: skip
    path = project / "config/studies.yaml"
    path.write_text(path.read_text().replace("studies:\n", f"studies:\n  another: {study}\n", 1))
    assert would_rerun(project) == {}


def test_a_class_and_a_subgroup_by_another_name_rerun_what_shows_names_alone(project):
    for path in (project / "config").glob("*.yaml"):
        path.write_text(re.sub(r"\bleft\b", "west", re.sub(r"\bred\b", "crimson", path.read_text())))
    rerun = set(would_rerun(project))
    assert {"name_classes", "plot_dataset", "plot_self_influence"} <= rerun
    # tables in which names stand
    tables = {"name_classes", "measure_group_boundary", "summarise_study"}
    assert {rule for rule in rerun if not rule.startswith("plot_")} <= tables
