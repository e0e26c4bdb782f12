"""Folders and files with blanks, quotes, braces, letters of any language: they work, or a sentence refuses them."""

import os
import shlex
import site
import subprocess
import sys
import venv

import numpy as np
import pytest

from attribution.files import hdf5
from attribution.files.results.data import X_TRAIN
from attribution.runtime import clone_path, environment
from helpers import ROOT

pytestmark = pytest.mark.slow


def workflow(folder, *arguments, python=sys.executable, snakefile=ROOT / "Snakefile"):
    command = [python, "-m", "snakemake", "-s", snakefile, "--workflow-profile", ROOT / "profiles/default",
               "--configfile", ROOT / "config/tiny.yaml", "--cores", "1", *arguments]  # fmt: skip
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def interpreter_in(folder):
    """A Python in that folder with the packages of this one."""
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "these.pth").write_text("\n".join(site.getsitepackages()))
    return folder / "bin/python"


@pytest.mark.parametrize("name", ["my clone", 'it\'s $a; {b} & "c" über'])
def test_scripts_run_from_an_interpreter_in_a_folder_that_a_shell_would_split(tmp_path, name):
    python = interpreter_in(tmp_path / name / ".venv")
    folder = tmp_path / name / "my work"
    done = workflow(tmp_path, "--directory", folder, "--", "results/toy/data.h5", python=python)
    assert done.returncode == 0, done.stdout + done.stderr
    assert hdf5.read(folder / "results/toy/data.h5", X_TRAIN)[0].shape == (48, 2)


def test_only_a_path_that_needs_quotes_is_looked_for_in_path():
    variables = {"PATH": "/usr/bin"}
    assert environment.interpreter("/opt/p/.venv/bin/python3", variables) == "/opt/p/.venv/bin/python3"
    assert variables == {"PATH": "/usr/bin"}
    assert environment.interpreter("/opt/my p/.venv/bin/python3", variables) == "python3"
    assert variables == {"PATH": "/opt/my p/.venv/bin:/usr/bin"}


def test_a_folder_that_cannot_work_is_refused_before_anything_is_installed(tmp_path):
    for name in ("my clone", "it's", "über 日本", "a#b%c&d;e(f)[g]*?!~,=@+-"):
        assert clone_path.refusal(f"/home/{name}") is None
    for name in ("a:b", 'a"b', "a$b", "a`b", "a\\b", "a{b}", "a\nb", "a\tb"):
        assert "; move it" in clone_path.refusal(f"/home/{name}")
    folder = tmp_path / "a$b"
    folder.mkdir()
    for part in ("Makefile", "scripts", "locks"):
        os.symlink(ROOT / part, folder / part)
    done = subprocess.run(["make", f"PYTHON={shlex.quote(sys.executable)}"], cwd=folder, capture_output=True, text=True)
    assert done.returncode and not (folder / ".venv").exists()
    assert "with the character '$' in it the commands of .venv/bin cannot start there; move it" in done.stderr


def test_ones_own_file_may_have_any_name_without_braces(tmp_path):
    folder = tmp_path / "my data"
    folder.mkdir()
    points = np.arange(24, dtype=np.float32).reshape(12, 2)
    path = 'it\'s #1 "ä" $HOME & [x]*.npz'
    np.savez(folder / path, x_train=points, y_train=np.arange(12) % 2, x_test=points, y_test=np.arange(12) % 2)
    setting = path.replace("\\", "\\\\").replace('"', '\\"')
    (folder / "my settings.yaml").write_text(f'datasets: {{mine: {{loader: npz, path: "{setting}"}}}}\n')
    done = workflow(folder, "--configfile", "my settings.yaml", "--", "results/mine/data.h5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert hdf5.read(folder / "results/mine/data.h5", X_TRAIN)[0].shape == (12, 2)
