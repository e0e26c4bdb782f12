"""A folder of scripts/attribution imports only folders above it, also inside functions; scripts no other scripts."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import SCRIPTS

PACKAGE = SCRIPTS / "attribution"
# from the bottom of what is imported to its top
LAYERS = [
    "runtime", "files", "results", "settings", "costs", "workflow", "numerics", "data", "networks", "training",
    "influence", "curvature", "groups", "partition", "boundary", "retraining", "methods", "evaluation",
    "answers", "explore", "drawing",
]  # fmt: skip
# folders of scripts whose jobs build, train or ask networks; methods that do load TensorFlow when they are called
WITH_NETWORKS = {
    "answers": ["predict_folds"],
    "border": ["measure_smoothness"],
    "boundary": ["map_boundary_move"],
    "influence": ["cache_gradients"],
    "partition": ["retrain_parts"],
    "retraining": ["retrain_groups", "retrain_leave_one_out", "retrain_subsets", "retrain_without_named"],
    "training": ["map_decision_boundary", "train_model"],
    "truth": ["retrain_truth", "retrain_without_top"],
}


def folders_imported(path: Path, known: set[str]) -> set[str]:
    """Folders of the package whose modules a file imports; `known` are its folders."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports by dots"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        parts = [name.split(".") for name in names]
        found |= {part[1] for part in parts if part[0] == "attribution" and len(part) > 1 and part[1] in known}
    return found


def refused(package: Path, layers: list[str]) -> list[str]:
    """Imports that go down: `file: folder`."""
    found = []
    for path in sorted(package.glob("*/**/*.py")):
        below = set(layers[layers.index(path.relative_to(package).parts[0]) + 1 :])
        found += [f"{path.relative_to(package)}: {name}" for name in sorted(folders_imported(path, below))]
    return found


def test_every_folder_has_a_layer():
    folders = {path.parent.name for path in PACKAGE.glob("*/*.py")}
    assert folders <= set(LAYERS)
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py"}
    assert not list(PACKAGE.glob("*/*/*/*.py"))


def test_a_folder_imports_only_folders_above_it():
    assert refused(PACKAGE, LAYERS) == []


@pytest.mark.parametrize(
    "line", ["import attribution.low.a", "from attribution.low import a", "from attribution import low"]
)
def test_an_import_that_goes_down_is_found_inside_a_function_too(tmp_path, line):
    for name, text in (("high", f"def f():\n    {line}\n"), ("low", "from attribution.high import b\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text(text)
    assert refused(tmp_path, ["high", "low"]) == ["high/a.py: low"]


def test_what_is_read_at_parse_time_loads_no_tensorflow():
    """In a process of its own, as Snakemake starts; networks, training and drawing stay out as well."""
    modules = sorted(f"attribution.workflow.{path.stem}" for path in (PACKAGE / "workflow").glob("[a-z]*.py"))
    script = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); import {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "matplotlib", "pandas", "scipy"} & set(done.stdout.split())


def imported_at_once(path: Path) -> set[str]:
    """Modules that a file imports outside functions: of the package as `attribution.FOLDER.NAME`, others as named."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def loads_keras(path: Path) -> bool:
    """Whether a file's imports end in Keras or TensorFlow, which take seconds of processor time to load."""
    waiting, seen = imported_at_once(path), set()
    while waiting:
        name = waiting.pop()
        if name.partition(".")[0] in ("keras", "tensorflow"):
            return True
        file = SCRIPTS / f"{name.replace('.', '/')}.py"
        if name not in seen and file.exists():
            waiting |= imported_at_once(file)
        seen.add(name)
    return False


def test_only_jobs_with_networks_load_keras():
    scripts = [path for path in sorted(SCRIPTS.glob("*/*.py")) if PACKAGE not in path.parents]
    found = {}
    for path in filter(loads_keras, scripts):
        found.setdefault(path.parent.name, []).append(path.stem)
    assert found == WITH_NETWORKS and len(scripts) > 80


def test_every_test_file_has_a_name_of_its_own():
    """pytest imports a file by its bare name: of two, the second ends the whole run."""
    names = sorted(path.name for path in Path(__file__).parents[1].rglob("*.py") if path.name != "conftest.py")
    assert names == sorted(set(names))
