"""The Python files that decide a script's results: itself and what it imports. Snakemake follows no imports."""

import ast
import functools
import os
from pathlib import Path

# what a job prints, waits for and runs on, and predictions of memory and time: they decide no number
SKIPPED = ("runtime", "costs")


def modules(scripts: Path, script: str) -> list[str]:
    """The script and every module below `scripts` that it imports, also indirectly, but for those of SKIPPED.

    Args:
        scripts: the folder of all scripts. script: path in it.

    Returns:
        sorted paths relative to the working directory, as Snakemake's inputs are.
    """
    skipped = [scripts / "attribution" / name for name in SKIPPED]
    found, waiting = set(), [scripts / script]
    while waiting:
        path = waiting.pop()
        if path in found or path.parent in skipped:
            continue
        found.add(path)
        waiting += _imported(scripts, path, path.stat().st_mtime_ns)
    return sorted(os.path.relpath(path) for path in found)


@functools.cache
def _imported(scripts: Path, path: Path, date: int) -> tuple[Path, ...]:
    """Modules that one version of a file imports; parsed once, however many rules use it."""
    return tuple(imported(scripts, path))


def imported(scripts: Path, path: Path) -> list[Path]:
    """Modules below `scripts` that a Python file imports, also inside functions."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names.append(node.module)
        else:
            continue
        found += [scripts.joinpath(*name.split(".")).with_suffix(".py") for name in names]
    return [module for module in found if module.exists()]
