"""What is settled before any rule is read: the folder, Python, the settings, jobs of an earlier run."""

import copy
import os
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

from attribution.runtime import clone_path, cluster
from attribution.settings import check, schema, shared_data, texts
from attribution.workflow import attributions, registry, studies, targets
from attribution.workflow.stages import partitions


def refuse_folder(base: Path) -> None:
    """Stop in a folder whose path Snakemake cannot take."""
    if clone_path.refusal(str(base)):
        raise WorkflowError(clone_path.refusal(str(base)))


def is_main(workflow, base: Path) -> bool:
    """Whether the project's own Snakefile is what Snakemake was started with, and no other one uses it."""
    return Path(workflow.main_snakefile).resolve() == (base / "Snakefile").resolve()


def settings(workflow, given: dict, known: dict, base: Path) -> dict:
    """All settings in the form in which rules read them, checked before any job.

    Args:
        given: the user's: of `--configfile` and `--config`, of another Snakefile's `configfile:` where it includes this
            one, or of its `module`. known: those of config/, over which they stand.

    Returns:
        the settings; beside them sections of the other Snakefile, which are its own.

    Raises:
        WorkflowError: one sentence for the first setting that cannot be.
    """
    described = schema.load(base / "config/schema")
    # what another Snakefile has beside it is no setting of this project
    included = workflow.modifier.is_main_snakefile() and not is_main(workflow, base)
    others = {key: given[key] for key in given if included and key not in described["required"]}
    given = {key: given[key] for key in given if key not in others}
    odd = {}
    for path in workflow.configfiles:
        odd |= texts.odd_numbers(Path(path).read_text(encoding="utf-8"))
    arguments = workflow.config_settings.config_args if is_main(workflow, base) else ()
    refuse_built_in_names(given, known)
    config = copy.deepcopy(known)
    update_config(config, copy.deepcopy(given))
    prepared = studies.in_one_sentence(check.prepared, config, described, arguments, odd)
    own = [str(name) for name in given.get("studies") or {}]
    prepared["studies"] = shared_data.first(prepared["studies"], own)
    # a data set or model that is switched off leaves built-in studies of it: those wait until they are asked for
    off = any(entry is None for section in ("datasets", "models") for entry in (given.get(section) or {}).values())
    at_once = [name for name in own if name in prepared["studies"]] if off else None
    studies.in_one_sentence(check.check, prepared, described, at_once)
    studies.in_one_sentence(shared_data.check, prepared, own)
    studies.in_one_sentence(registry.check, prepared)
    studies.in_one_sentence(attributions.check, prepared)
    studies.in_one_sentence(partitions.check, prepared)
    prepared["targets"] = targets.of_added(prepared["targets"], targets.added(given, known, "studies"))
    return prepared | others


def refuse_built_in_names(given: dict, known: dict) -> None:
    """Stop where settings mean another data set or model by the name of a built-in one, whose keys would be mixed."""
    for section, kind in (("datasets", "loader"), ("models", "architecture")):
        entries = given.get(section)
        for name, entry in (entries if isinstance(entries, dict) else {}).items():
            built_in = known[section].get(name)
            if built_in and isinstance(entry, dict) and entry.get(kind, built_in.get(kind)) != built_in.get(kind):
                raise WorkflowError(
                    f"Configuration: {section}.{name} has {kind} {entry[kind]}, but {name} is built in, with {kind} "
                    f"{built_in.get(kind, 'of another one')}; take another name"
                )


def own_files(config: dict, given: dict, known: dict):
    """Input function of target `own`, None where settings add no study and no data set; arguments as `settings`."""
    names = targets.added(given, known, "studies")
    used = {config["studies"][name]["dataset"] for name in config["studies"]}
    alone = [name for name in targets.added(given, known, "datasets") if name not in used]
    return (lambda wildcards: targets.own_files(config, names, alone)) if names or alone else None


def refuse_duplicates() -> None:
    """Stop before the first job while jobs of an earlier run in this folder are on the cluster."""
    jobs = cluster.earlier_jobs(os.getcwd())
    if jobs:
        raise WorkflowError(cluster.refusal(jobs))
