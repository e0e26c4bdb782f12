# What the rules share: the code a script depends on, settings of wildcards, paths. No rules here.

import ast
import os
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

BASE = Path(workflow.basedir)
sys.path.insert(0, str(BASE / "scripts"))

from attribution import settings

RUN = "results/{dataset}/{model}/seed{seed}"
SCOPES = {"last_layer": "", "all_layers": "/all_layers"}


def check_settings():
    """Stop with one sentence before any job when the configuration cannot be."""
    schema = yaml.safe_load((BASE / "config/config.schema.yaml").read_text())
    try:
        settings.check(config, schema)
    except settings.SettingError as error:
        raise WorkflowError(f"Configuration: {error}") from None


def code(script):
    """The script and every module of scripts/ that it imports, also indirectly.

    Snakemake does not follow imports; as inputs these files are compared by checksum.
    """
    root = BASE / "scripts"
    found, waiting = set(), [root / script]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                names.append(node.module)
            else:
                continue
            modules = [root.joinpath(*name.split(".")).with_suffix(".py") for name in names]
            waiting += [module for module in modules if module.exists()]
    return sorted(os.path.relpath(path) for path in found)


def style_file():
    """The figures' style file, relative to the working directory like every input."""
    return os.path.relpath(BASE / config["figures"]["style"])


def scope_of(wildcards):
    """Name of the scope whose folder the wildcard gives."""
    return wildcards.scope.lstrip("/") or "last_layer"


def study_of(wildcards):
    """The study that a data set belongs to: the first one that names it."""
    return next(study for study in config["studies"].values() if study["dataset"] == wildcards.dataset)


def evaluated_variants(wildcards):
    """Variants of Algorithm 1 that evaluation.csv compares; the adaptive form exists in the last layer only."""
    chosen = config["evaluation"]["variants"]
    if scope_of(wildcards) == "last_layer":
        return list(chosen)
    return [name for name in chosen if not settings.group(config["groups"], name)["adaptive"]]


def group_settings(wildcards):
    """Settings of Algorithm 1 for a variant; groups.h5 itself takes the section's own values."""
    variant = wildcards.variant.lstrip("-")
    if variant and variant not in config["groups"]["variants"]:
        known = ", ".join(config["groups"]["variants"])
        raise WorkflowError(
            f"groups-{variant}.h5 was asked for, but groups.variants has no '{variant}'; defined are {known}"
        )
    return settings.group(config["groups"], variant)


def run_path(study, name, model=None, seed=None, scope=None):
    """Path of a result of a study; model, seed and scope are the study's own unless given."""
    chosen = config["studies"][study]
    run = RUN.format(
        dataset=chosen["dataset"],
        model=model or chosen["model"],
        seed=chosen["seed"] if seed is None else seed,
    )
    inside = "" if name in ("model.keras", "history.csv", "decision_boundary.h5") else SCOPES[scope or chosen["scope"]]
    return f"{run}{inside}/{name}"


def of_study(name, **where):
    """Input function: that result of the study in the wildcards."""
    return lambda wildcards: run_path(wildcards.study, name, **where)


def data_of_study(wildcards):
    return f"results/{config['studies'][wildcards.study]['dataset']}/data.h5"


def study_figures(study):
    """PNG files of every figure of a study."""
    return [f"results/figures/{study}/{name}.png" for name in FIGURES]


def study_results(study):
    """Results that no figure draws: the other scope, and the table of the evaluation."""
    other = [scope for scope in SCOPES if scope != config["studies"][study]["scope"]]
    return [
        run_path(study, "evaluation.csv"),
        *(run_path(study, name, scope=scope) for scope in other for name in ("influence.h5", "groups.h5")),
    ]


FIGURES = [
    "04-dataset",
    "05-self-influence",
    "06-relative-influence",
    "07-group-growth",
    "08-greedy-stages",
    "09-turning-point",
    "decision-boundary",
]
