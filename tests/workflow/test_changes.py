"""What a change of a user's own file reruns: content decides, not dates. Dry runs; nothing is computed."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from attribution.files import provenance
from helpers import ROOT

pytestmark = pytest.mark.slow

LARGE = 2_000_000  # bytes, above the size up to which Snakemake compares contents by default
SETTINGS = {
    "datasets": {
        "small": {"loader": "npz", "path": "small.npz"},
        "large": {"loader": "npz", "path": "large.npz"},
        "paired": {"loader": "h5", "path": "paired.h5", "inject": "pairs.csv"},
        "archived": {
            "loader": "cifar10", "archive": "images.tar.gz",
            "digest": "sha256:" + hashlib.sha256(b"a" * LARGE).hexdigest(),
        },
    },
    "models": {
        "trained": {"architecture": "keras-file", "path": "trained.keras"},
        "built": {
            "architecture": "python-file",
            "path": "built.py",
            "training": {
                "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "epochs": 1, "batch_size": 8,
                "schedule": [], "warmup": 0,
            },
        },
    },
}  # fmt: skip
# a user's file -> its size, and the result that is made from it
FILES = {
    "small.npz": (100, "results/small/data.h5"),
    "large.npz": (LARGE, "results/large/data.h5"),
    "paired.h5": (LARGE, "results/paired/data.h5"),
    "pairs.csv": (100, "results/paired/data.h5"),
    "trained.keras": (LARGE, "results/small/trained/seed0/model.keras"),
    "built.py": (100, "results/small/built/seed0/model.keras"),
}
RUN = "results/large/trained/seed0"
OF_ARCHIVE = "results/archived/data.h5"
TARGETS = sorted({result for _, result in FILES.values()} | {f"{RUN}/gradients.h5", OF_ARCHIVE})
MADE = [f"{run}/{name}" for run in ("results/small/trained/seed0", "results/small/built/seed0", RUN)
        for name in ("model.keras", "history.csv")]  # fmt: skip


def snakemake(folder, *arguments):
    command = [Path(sys.executable).with_name("snakemake"), "-s", ROOT / "Snakefile", "--workflow-profile",
               ROOT / "profiles/default", "--configfile", "mine.yaml", "--cores", "1"]  # fmt: skip
    done = subprocess.run([*command, *arguments, "--", *TARGETS], cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def would_make(folder, *arguments) -> set[str]:
    """Results that a dry run would make again."""
    code, text = snakemake(folder, "-n", *arguments)
    assert code == 0, text
    assert ("Nothing to be done" in text) == ("Job stats:" not in text)
    outputs = re.findall(r"^    output: (.+)$", text, re.MULTILINE)
    return {path for line in outputs for path in line.split(", ")} & set(TARGETS)


def after(path: str) -> set[str]:
    """Results that depend on a result."""
    return {target for target in TARGETS if Path(target).is_relative_to(Path(path).parent)}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Files of every kind, and results that Snakemake takes for theirs. The files' content is never looked at."""
    folder = tmp_path_factory.mktemp("changes")
    (folder / "mine.yaml").write_text(yaml.safe_dump(SETTINGS))
    for name, (size, _) in FILES.items():
        (folder / name).write_bytes(b"a" * size)
    (folder / "images.tar.gz").write_bytes(b"a" * LARGE)
    for name in [*TARGETS, *MADE]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"a" * LARGE)
    code, text = snakemake(folder, "--touch", "--forceall")
    assert code == 0, text
    return folder


@pytest.fixture
def folder(recorded, tmp_path_factory):
    """A copy of it beside it, with its dates; the project's code is an input by its path from there."""
    return Path(shutil.copytree(recorded, tmp_path_factory.mktemp("mine"), dirs_exist_ok=True))


def older(path, kept):
    os.utime(path, (1_600_000_000, 1_600_000_000))


def newer(path, kept):
    os.utime(path)


def same_date(path, kept):
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))


def replace(path, date):
    """Other content of the same size, with that date."""
    kept = path.stat()
    path.write_bytes(b"b" * kept.st_size)
    date(path, kept)


@pytest.mark.parametrize("date", [older, newer, same_date])
def test_other_content_is_noticed_whatever_its_date(folder, date):
    for name in FILES:
        replace(folder / name, date)
    assert would_make(folder) == set(TARGETS) - {OF_ARCHIVE}


@pytest.mark.parametrize("name", FILES)
def test_an_older_version_reruns_what_is_made_from_it_and_nothing_else(folder, name):
    replace(folder / name, older)
    result = FILES[name][1]
    users = {f"{RUN}/gradients.h5"} if name == "trained.keras" else set()
    assert would_make(folder) == after(result) | users


def test_two_files_of_a_rule_that_change_places_are_noticed(folder):
    """Snakemake compares parameters as a set of values."""
    paired, pairs = folder / "paired.h5", folder / "pairs.csv"
    content = paired.read_bytes()
    paired.write_bytes(pairs.read_bytes())
    pairs.write_bytes(content)
    assert would_make(folder) == {"results/paired/data.h5"}


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_an_archive_is_the_one_of_its_digest_before_any_job(folder, kind):
    replace(folder / "images.tar.gz", older)
    expected, found = (hashlib.new(kind, content * LARGE).hexdigest() for content in (b"a", b"b"))
    set_dataset(folder, "archived", digest=f"{kind}:{expected}")
    code, text = snakemake(folder)
    assert code != 0
    assert f"images.tar.gz has {kind} {found}, expected {expected}" in text
    assert (folder / OF_ARCHIVE).read_bytes() == b"a" * LARGE
    set_dataset(folder, "archived", digest=f"{kind}:{found}")
    assert would_make(folder) == {OF_ARCHIVE}


def set_dataset(folder, name, **changed):
    settings = yaml.safe_load((folder / "mine.yaml").read_text())
    settings["datasets"][name] |= changed
    (folder / "mine.yaml").write_text(yaml.safe_dump(settings))


def test_touching_a_file_reruns_nothing(folder):
    for name in [*FILES, "images.tar.gz"]:
        os.utime(folder / name)
    # their digests decide, also where Snakemake compares no checksums
    assert would_make(folder, "--max-checksum-file-size", "0") == set()
    for name in [*TARGETS, *MADE]:
        os.utime(folder / name)
    assert would_make(folder) == set()


def test_a_result_with_other_content_reruns_what_follows(folder):
    """As after a run that was killed between a result and what is made from it."""
    replace(folder / "results/large/data.h5", newer)
    assert would_make(folder) == {f"{RUN}/gradients.h5"}


def test_results_copied_without_their_dates_stay(folder):
    # the worst order: what is made from a file was newer, and becomes older
    now = time.time_ns()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        os.utime(path, ns=(now, 2 * now - path.stat().st_mtime_ns))
    assert would_make(folder) == set()


def test_a_file_that_cannot_be_read_is_a_sentence(folder):
    """Here as on a broken disk; a file without permission takes the same way."""
    set_dataset(folder, "small", path="/proc/self/mem")
    code, text = snakemake(folder, "-n")
    assert code != 0
    assert "/proc/self/mem cannot be read (Input/output error); make it readable, or name another file" in text


def test_both_profiles_let_the_same_changes_count():
    default, slurm = (
        yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text()) for name in ("default", "slurm")
    )
    for key in ("rerun-triggers", "max-checksum-file-size"):
        assert default[key] == slurm[key]


def test_digests_are_no_settings_of_a_result():
    found = provenance.attributes("rule", {"seed": "1"}, {"size": 3, "digests": {"code": "0"}})
    assert found["settings"] == '{"size": 3}'
