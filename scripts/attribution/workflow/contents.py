"""Inputs from outside results/, whose content decides and no date: each rule has their digests as a parameter."""

import functools
import hashlib
import os

from snakemake.exceptions import WorkflowError
from snakemake.io import ancient, flag, is_flagged

from attribution.files import digests

MEMORY = ".snakemake/digests.json"


def by_content(files):
    """Mark inputs that come from outside results/; see `enter`."""
    return flag(ancient(files), "by_content")


def digest_of(path: str, kind: str = "sha256") -> str | None:
    """Digest of such an input, of a folder that of all its files; None where there is no such file, which Snakemake
    says itself.

    Raises:
        WorkflowError: for a file that cannot be read.
    """
    try:
        if os.path.isdir(path):
            places = [
                os.path.join(place, name) for place, _, names in os.walk(path, followlinks=True) for name in names
            ]
            return digest_of_all(("", *sorted(places)))
        if not os.path.isfile(path):
            return None
        facts = os.stat(path)
        return _digest(os.path.abspath(path), path, kind, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
    except OSError as error:
        raise WorkflowError(
            f"{path} cannot be read ({error.strerror}); make it readable, or name another file in the settings"
        ) from None


@functools.cache
def _digest(absolute: str, path: str, kind: str, *version: int) -> str:
    """One version of a file is read once, however many jobs use it."""
    return digests.of_file(path, MEMORY, kind)


def digest_of_all(paths: tuple[str, ...]) -> str | None:
    """One digest of several files with their names, that of a single file as it is."""
    if len(paths) == 1:
        return digest_of(paths[0])
    return hashlib.sha256(repr([(path, digest_of(path)) for path in paths]).encode()).hexdigest()


def digests_of(inputs) -> dict[str, str | None]:
    """Digests of those inputs of a job that are marked with `by_content`, by the names of the inputs.

    Args:
        inputs: Snakemake's inputs of a job, (name, file or files) from their `items`.
    """
    found = {}
    for name, files in inputs.items():
        files = [files] if isinstance(files, str) else files
        marked = tuple(str(file) for file in files if is_flagged(file, "by_content"))
        if marked:
            found[name] = digest_of_all(marked)
    return found


def require_archive(dataset: dict) -> None:
    """Stop before any job when an archive on disk is not the one of its digest: a job would remove its old result.

    Args:
        dataset: settings of a data set of loader cifar10 whose archive is a path.
    """
    kind, _, expected = dataset["digest"].partition(":")
    found = digest_of(dataset["archive"], kind)
    if found != expected:
        raise WorkflowError(digests.another(dataset["archive"], kind, found, expected))


def enter(workflow, config: dict, base) -> None:
    """Give every rule of the project in folder `base` the digests of its inputs from outside results/ as the parameter
    `digests`; another Snakefile that uses it has rules of its own.

    So a version with an older date is noticed, and one that was only touched is not. Call it after all rules.
    """
    for step in workflow.rules:
        if step.script and os.path.abspath(step.snakefile).startswith(os.path.join(os.path.abspath(base), "")):
            step.set_params(digests=functools.partial(_of_job, workflow, config, step))


def _of_job(workflow, config: dict, step, wildcards) -> dict:
    # in the jobs that Snakemake submits nothing is decided, or read, once more
    if not workflow.is_main_process:
        return {}
    found = digests_of(step.expand_input(dict(wildcards.items()))[0])
    if "archive" in found:
        require_archive(config["datasets"][wildcards.dataset])
    return found
