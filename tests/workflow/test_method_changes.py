"""What an edit of a method, and a new one, runs: its own jobs and the tables. Dry runs; nothing is computed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from helpers import ROOT

pytestmark = pytest.mark.slow

FLIPPED, TOY = "results/toy-flipped/mlp-dropout/seed0", "results/toy/mlp-dropout/seed0"
TARGETS = [
    f"{FLIPPED}/inspection.csv",
    *(f"{TOY}/{name}" for name in (
        "overlap.csv", "boundary_overlap.csv", "groups.h5", "evaluation.csv", "removals.csv")),
]  # fmt: skip
METHODS = "scripts/attribution/methods"
REGISTRY = "scripts/attribution/workflow/registry.py"


def dry_run(folder, *arguments, targets=()):
    command = [Path(sys.executable).with_name("snakemake"), "-s", folder / "Snakefile", "--workflow-profile",
               folder / "profiles/default", "--configfile", "mine.yaml", "--cores", "1"]  # fmt: skip
    done = subprocess.run([*command, *arguments, "--", *TARGETS, *targets], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def jobs(folder, *targets) -> dict[str, int]:
    """Number of jobs of each rule that would run."""
    stats = dry_run(folder, "-n", targets=targets).partition("Job stats:")[2].partition("total")[0]
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", stats, re.MULTILINE)}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A copy of the project beside results that Snakemake takes for its own."""
    folder = tmp_path_factory.mktemp("project") / "copy"
    for name in ("rules", "scripts", "config", "profiles", "report"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", folder)
    (folder / "mine.yaml").write_text("{}")
    for line in re.findall(r"^    output: (.+)$", dry_run(folder, "-n"), re.MULTILINE):
        for path in line.split(", "):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text("kept")
    dry_run(folder, "--touch", "--forceall")
    assert jobs(folder) == {}
    return folder


@pytest.fixture
def project(recorded):
    """The copy, whose files are afterwards as they were."""
    edited = [*recorded.rglob(f"{METHODS}/**/*.py"), recorded / REGISTRY, recorded / "mine.yaml"]
    kept = {path: path.read_bytes() for path in edited}
    yield recorded
    for path in set(recorded.rglob(f"{METHODS}/**/*.py")) - set(kept):
        path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)


def edit(path, content="\n# a comment\n"):
    path.write_text(path.read_text() + content)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("boundary/loss.py", {"score_method": 1, "measure_inspection": 1}),
        ("chance/random_class.py", {"group_method": 2, "compare_boundary_groups": 1, "evaluate_study": 1}),
        ("chance/random.py", {"score_method": 1, "evaluate_study": 1}),
        (
            "distance/embedding_cosine.py",
            # of three tables, and of the untrained network for two of them
            {"group_method": 5, "measure_overlap": 1, "compare_boundary_groups": 1, "evaluate_study": 1},
        ),
        ("influence/removals.py", {"score_method": 6, "compare_removals": 1}),
        ("../workflow/registry.py", {}),
    ],
)
def test_a_comment_in_one_method_reruns_its_jobs_and_its_tables(project, file, expected):
    edit(project / METHODS / file)
    assert jobs(project) == expected


def test_a_new_method_is_one_file_and_one_line(project):
    (project / METHODS / "chance/zero.py").write_text(
        "class Zero:\n    family = 'chance'\n    needs = ('data',)\n\n"
        "    def points(self, run):\n        return 0.0 * run.labels\n"
    )
    registry = project / REGISTRY
    registry.write_text(registry.read_text().replace("METHODS = {", 'METHODS = {\n    "zero": "chance.zero:Zero",'))
    assert jobs(project) == {}
    chosen = yaml.safe_load((project / "config/config.yaml").read_text())["methods"]["inspection"]
    (project / "mine.yaml").write_text(yaml.safe_dump({"methods": {"inspection": [*chosen, "zero"]}}))
    assert jobs(project) == {"score_method": 1, "measure_inspection": 1}


def test_a_method_joins_a_judge_by_one_word_in_the_settings(project):
    chosen = yaml.safe_load((project / "config/config.yaml").read_text())["methods"]
    for table, name, expected in (
        ("recovery", "gradient-dot", {"group_method": 1, "evaluate_study": 1}),
        ("closest", "loss", {"score_method": 1, "evaluate_study": 1}),
        ("leave_one_out", "newton", {"compare_removals": 1}),
    ):
        (project / "mine.yaml").write_text(yaml.safe_dump({"methods": {table: [*chosen[table], name]}}))
        assert jobs(project) == expected


def test_a_new_judge_is_one_file_and_one_line(project):
    judge = project / "scripts/attribution/evaluation/new.py"
    judge.write_text("def table(data, files):\n    pass\n")
    registry = project / REGISTRY
    registry.write_text(registry.read_text().replace("JUDGES = {", 'JUDGES = {\n    "new": ("new:table", "overlap"),'))
    try:
        assert jobs(project) == {}
        assert jobs(project, f"{TOY}/judges/new.csv") == {"judge_methods": 1}
    finally:
        judge.unlink()


def test_groups_by_a_method_are_found_anew_when_it_changes(project):
    (project / "mine.yaml").write_text("groups: {rule: gradient-cosine}")
    # the adaptive variant takes the rule of its section
    expected = {"find_groups": 2, "evaluate_study": 1}
    assert jobs(project) == expected
    try:
        dry_run(project, "--touch")
        assert jobs(project) == {}
        edit(project / METHODS / "distance/gradient_cosine.py")
        assert jobs(project) == expected
    finally:
        (project / "mine.yaml").write_text("{}")
        # as it was for the other tests, which the comment does not concern
        dry_run(project, "--touch", "--forceall")
