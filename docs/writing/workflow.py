"""What the workflow says of itself: targets, rules, their graph; and what the package's folders say of themselves."""

import ast
import functools
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from writing.blocks import PageError, table

ROOT = Path(__file__).parent.parent.parent
STUDIES = ROOT / "config/cifar10.yaml"
STAGES = ("data", "training", "influence", "groups", "boundary", "retraining", "truth", "partition", "evaluation",
          "answers")  # fmt: skip
# a folder of scripts/attribution imports only folders before it
LAYERS = ("runtime", "files", "results", "settings", "costs", "workflow", "numerics", "data", "networks", "training",
          "influence", "curvature", "groups", "partition", "boundary", "retraining", "methods", "evaluation",
          "answers", "explore", "drawing")  # fmt: skip


def _run(*command: str) -> str:
    """What a command prints, run in an empty folder. PageError: it failed."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise PageError(f"{' '.join(command)} ended with exit code {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


@functools.cache
def rules() -> list[dict]:
    """Every rule, as `plan` gives it."""
    return json.loads(_run(sys.executable, str(Path(__file__).with_name("plan.py")), str(STUDIES)).splitlines()[-1])


def is_target(rule: dict) -> bool:
    return not rule["script"] and not rule["output"]


def says(rule: dict) -> str:
    """What a target is: its description in the settings."""
    return rule["description"]


def targets() -> str:
    """Table of the targets: what each is, the studies in whose folders its figures are, its figures and tables."""
    lines = []
    for rule in filter(is_target, rules()):
        # every study of a target has a summary
        paths = [path for path in map(Path, rule["wanted"]) if not path.name.startswith("summary")]
        studies = dict.fromkeys(
            f"`{path.parts[2]}`" for path in paths if path.parts[1] == "figures" and len(path.parts) > 3
        )
        names = dict.fromkeys(f"`{path.stem if path.parts[1] == 'figures' else path.name}`" for path in paths)
        lines.append([f"`{rule['name']}`", says(rule), ", ".join(studies), ", ".join(names)])
    return table(["target", "what it is", "in results/figures/", "figures, and results beside them"], lines)


def steps() -> str:
    """Table of the rules in their files' order: where each stands, its script and what it makes."""
    lines = []
    for rule in rules():
        if rule["script"]:
            made = [Path(re.sub(r"\{(\w+),[^{}]*\}", r"{\1}", file)).name for file in rule["output"]]
            made = [name for name in made if not name.endswith(".pdf")]
            where = f"[{rule['script'].removeprefix('scripts/')}](../{rule['script']})"
            lines.append([f"`{rule['name']}`", f"[{Path(rule['file']).name}](../{rule['file']})", where,
                          ", ".join(f"`{name}`" for name in made)])  # fmt: skip
    return table(["rule", "in rules/", "in scripts/", "makes"], lines)


@functools.cache
def graph(target: str) -> str:
    """The rules of a target in Mermaid, drawn by Snakemake: boxes by stage, without arrows that follow from others."""
    snakemake = str(Path(sys.executable).with_name("snakemake"))
    drawn = _run(snakemake, "-s", str(ROOT / "Snakefile"), "--rulegraph", "mermaid-js", "--", target)
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]", drawn, re.MULTILINE))
    after = {name: set() for name in names.values() if name != target}
    for first, second in re.findall(r"^\s*(id\d+) --> (id\d+)", drawn, re.MULTILINE):
        if names[second] != target and first != second:
            after[names[first]].add(names[second])
    stages: dict[str, list[str]] = {}
    for rule in rules():
        if rule["name"] in after:
            stages.setdefault(Path(rule["script"]).parts[1], []).append(rule["name"])
    order = [stage for stage in STAGES if stage in stages]
    if set(after) - {name for stage in order for name in stages[stage]}:
        raise PageError(f"the graph of {target} has rules of no known stage; known are {', '.join(STAGES)}")
    lines = ["```mermaid", "flowchart LR"]
    for stage in order:
        lines += [f"  subgraph {stage}_stage [{stage}]", *(f"    {name}" for name in sorted(stages[stage])), "  end"]
    for first in sorted(after):
        lines += [f"  {first} --> {second}" for second in sorted(after[first]) if not _follows(after, first, second)]
    return "\n".join([*lines, "```"])


def _follows(after: dict[str, set[str]], first: str, second: str) -> bool:
    """Whether second comes after another rule that comes after first."""
    seen, waiting = set(), list(after[first] - {second})
    while waiting:
        for name in after[waiting.pop()] - seen:
            seen.add(name)
            waiting.append(name)
    return second in seen


def folders() -> str:
    """Table of the package's folders, each importing only those above it: what each is, and its modules."""
    package = ROOT / "scripts/attribution"
    found = {path.name: path for path in package.iterdir() if (path / "__init__.py").is_file()}
    if set(found) - set(LAYERS):
        raise PageError(f"the page's order of folders lacks {', '.join(sorted(set(found) - set(LAYERS)))}")
    lines = []
    for folder in [found[name] for name in LAYERS if name in found]:
        modules = [
            path.stem for path in sorted(folder.iterdir()) if path.suffix == ".py" or (path / "__init__.py").is_file()
        ]
        modules = ", ".join(f"`{name}`" for name in modules if name != "__init__")
        lines.append(
            [f"[{folder.name}](../{folder.relative_to(ROOT)})", first_sentence(folder / "__init__.py"), modules]
        )
    return table(["scripts/attribution/", "what it is", "modules"], lines)


def first_sentence(file: Path) -> str:
    """The first line of a module's docstring. PageError: it has none."""
    said = ast.get_docstring(ast.parse(file.read_text()))
    if not said:
        raise PageError(f"{file.relative_to(ROOT)} has no docstring that says what it is")
    return said.splitlines()[0].replace("|", "\\|")
