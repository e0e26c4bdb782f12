"""A program for test_job.py: plan a run, compute nothing, and fill the arguments of one job of each rule.

Its arguments are Snakemake's, those of a dry run; its last line is JSON, rule -> the sentence against it, or null.
"""

import inspect
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import snakemake.executors.dryrun
from snakemake.cli import main

from attribution.runtime import job

RULES = Path(__file__).parent.parent / "rules"
DRY = snakemake.executors.dryrun.Executor
planned, run_dry = {}, DRY.run_job


def keep(executor, chosen):
    """Keep one job of each rule of those that the dry run goes through."""
    planned[chosen.rule.name] = chosen
    run_dry(executor, chosen)


def unused(function):
    """A function of the same arguments that opens no file."""

    def nothing(**arguments): ...

    nothing.__signature__ = inspect.signature(function)
    return nothing


def against(rule: str, chosen) -> str | None:
    """Why the function of a job's script would not get its arguments."""
    called = {}
    job.run = lambda function, **sources: called.update(function=function, sources=sources)
    runpy.run_path(str((RULES / chosen.rule.script).resolve()))
    if not called:
        return f"{chosen.rule.script} does not end in job.run"
    sources = {name: unused(value) if callable(value) else value for name, value in called["sources"].items()}
    names = {name: getattr(chosen, name) for name in ("input", "output", "params", "wildcards")}
    try:
        job.arguments(called["function"], sources, job.places(SimpleNamespace(rule=rule, **names)), rule)
    except ValueError as error:
        return str(error)
    return None


if __name__ == "__main__":
    DRY.run_job = keep
    try:
        main(sys.argv[1:])
    except SystemExit as ended:
        if ended.code:
            raise
    found = {rule: against(rule, chosen) for rule, chosen in planned.items() if chosen.rule.script}
    print("\n" + json.dumps(found))
