"""What is settled before any rule is read: the folder, Python, the settings, jobs of an earlier run."""

import os
from pathlib import Path

from snakemake.exceptions import WorkflowError

from attribution.runtime import clone_path, cluster
from attribution.settings import check, schema, shared_data, texts
from attribution.workflow import attributions, partitions, registry, studies


def refuse_folder(base: Path) -> None:
    """Stop in a folder whose path Snakemake cannot take."""
    if clone_path.refusal(str(base)):
        raise WorkflowError(clone_path.refusal(str(base)))


def check_settings(workflow, config: dict, base: Path) -> None:
    """Bring the configuration into the form in which rules read it, in place, and check it before any job."""
    described = schema.load(base / "config/schema")
    odd = {}
    for path in workflow.configfiles:
        odd |= texts.odd_numbers(Path(path).read_text(encoding="utf-8"))
    arguments = workflow.config_settings.config_args
    prepared = studies.in_one_sentence(check.prepared, config, described, arguments, odd)
    given = workflow.config_settings.overwrite_config
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
    config.clear()
    config.update(prepared)


def refuse_duplicates() -> None:
    """Stop before the first job while jobs of an earlier run in this folder are on the cluster."""
    jobs = cluster.earlier_jobs(os.getcwd())
    if jobs:
        raise WorkflowError(cluster.refusal(jobs))
