"""Targets: names for what studies are built for, from section `targets` of the settings.

`python -m attribution.workflow.targets [FILE ...]`, with scripts/ on the path, prints the targets of config/ and of
further settings files, a line each.
"""

import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

from attribution.workflow import attributions, studies

# files of config/ that are always loaded, in this order
FILES = ("config.yaml", "datasets.yaml", "models.yaml", "studies.yaml")


def files_of(config: dict, name: str) -> list[str]:
    """Everything that a target builds: figures, tables over trainings, and results of runs.

    Raises:
        WorkflowError: one sentence where the settings lack a study of the target, or what it needs.
    """
    found = []
    for part in config["targets"][name]["builds"]:
        study = part["study"]
        studies.required(config, study, *sorted({over(table) for table in part.get("tables", [])}))
        found += [f"results/figures/{study}/{figure}.png" for figure in part.get("figures", [])]
        found += [f"results/{study}/{table}" for table in part.get("tables", [])]
        found += [studies.run_path(config, study, result) for result in part.get("results", [])]
        for scope in studies.SCOPES:
            found += [studies.run_path(config, study, result, scope=scope) for result in part.get(scope, [])]
    return found


def over(table: str) -> str:
    """The study's key that a table is over: training seeds, models judged by retraining, or trainings of the border."""
    name = table.rpartition("-")[0]
    if name == attributions.BORDER:
        return name
    return "attributed" if name in attributions.TABLES else "seeds"


def inputs_of(config: dict, name: str):
    """Input function of a target's rule: what nobody asks for is not looked at."""
    return lambda wildcards: files_of(config, name)


def default(config: dict) -> str | None:
    """The target that is built when none is named: the first."""
    return next(iter(config["targets"]), None)


def refuse_names_of(config: dict, rules: list[str]) -> None:
    """Stop with one sentence where a target is named as a rule is."""
    for name in config["targets"]:
        if name in rules:
            raise WorkflowError(f"targets.{name} has the name of a rule; take another name")


def listed(config: dict) -> str:
    """A line for each target: its name and what it is for."""
    width = max((len(name) for name in config["targets"]), default=0)
    return "\n".join(
        f"{name:<{width}}  {target['description']}" for name, target in config["targets"].items() if target
    )


def settings_of(folder: Path, more: list[str] = ()) -> dict:
    """The settings in `folder`, config/ of the project, and of further files."""
    config = {}
    for path in [*(folder / name for name in FILES), *map(Path, more)]:
        update_config(config, yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    return config


if __name__ == "__main__":
    try:
        print(listed(settings_of(Path(__file__).parents[3] / "config", sys.argv[1:])))
    except (OSError, yaml.YAMLError, WorkflowError) as error:
        sys.exit(str(error))
