"""Head and foot of every script: what a job sets up before it imports, and the arguments of its function.

A script begins with `job.begin()` and ends in `job.run(function)`; both do nothing where no job of Snakemake runs it,
as when a test imports it. An argument is what has its name, and a name in two places must be told apart:

- the rule's named `input`, `params`, `wildcards` and `output`, several files as a list;
- of the `job` itself: `path` the first output, `outputs` all of them, `files` all named inputs but the code by their
  names, `inputs` all input files in a list, `code` the source files with the user's own, `params` and `wildcards` as
  a whole, `rule` its name, `ends` the clock's time when it must have ended (see `deadline.of_job`).

Keywords of `run` say what another argument is: a place ("params.plane.points") or a function of such arguments
(`provenance.attributes`). A wildcard for an argument annotated `int` or `float` becomes one; an argument annotated
`... | None` is None where nothing has its name.
"""

import inspect
import sys
import time
import typing
from collections.abc import Callable, Mapping

from attribution.runtime import deadline, devices, failures, log, record

_ends, _begun = None, time.time()


def begin() -> None:
    """Send messages to the job's log, and errors as `failures` says; take a GPU where the rule asks for one.

    Call it before TensorFlow is imported, which looks for GPUs and writes messages from then on.
    """
    global _ends
    snakemake = _of_caller()
    if snakemake is None:
        return
    log.capture(snakemake.log[0])
    failures.watch()
    _ends = deadline.of_job(snakemake.resources.get("runtime"))
    if snakemake.resources.get("gpu"):
        devices.take_one()


def run(function: Callable, **sources: str | Callable) -> None:
    """Call a function with the job's arguments, and keep a line of what it took, see `record`.

    Args:
        sources: of the arguments that do not follow from their names.

    Raises:
        ValueError: one sentence, when an argument is missing or doubled; no work has begun then.
    """
    snakemake = _of_caller()
    if snakemake is not None:
        function(**arguments(function, sources, places(snakemake, _ends), snakemake.rule))
        record.append(snakemake, _begun)


def _of_caller():
    """The global `snakemake` of the script that calls, as Snakemake sets it for a job's own script; None elsewhere."""
    return sys._getframe(2).f_globals.get("snakemake")


def places(snakemake, ends: float | None = None) -> dict[str, dict]:
    """What a job has, by place and name."""
    files, output = _named(snakemake.input), _named(snakemake.output)
    code = [*_list(files.pop("code", [])), *_list(files.get("own", []))]
    params, wildcards = _named(snakemake.params), _named(snakemake.wildcards)
    own = {
        "files": files, "inputs": list(snakemake.input), "code": code, "outputs": list(snakemake.output),
        "params": params, "wildcards": wildcards, "rule": snakemake.rule, "ends": ends,
    }  # fmt: skip
    if snakemake.output:
        own["path"] = snakemake.output[0]
    return {"input": files, "params": params, "wildcards": wildcards, "output": output, "job": own}


def _named(items) -> dict:
    return {name: list(value) if isinstance(value, list) else value for name, value in items.items()}


def _list(files: str | list) -> list:
    return [files] if isinstance(files, str) else files


def arguments(function: Callable, sources: Mapping, found: dict[str, dict], rule: str) -> dict:
    """Arguments of a function by their names.

    Args:
        sources: as in `run`. found: from `places`. rule: its name, for sentences.

    Raises:
        ValueError: as `run`.
    """
    label, wanted = getattr(function, "__name__", "a function"), inspect.signature(function).parameters
    for name in sources:
        if name not in wanted:
            raise ValueError(f"rule {rule}: {label} has no argument '{name}'; it has {', '.join(wanted)}")
    filled = {}
    for name, parameter in wanted.items():
        source, of = sources.get(name), f"rule {rule}: argument '{name}' of {label}"
        if callable(source):
            filled[name] = source(**arguments(source, {}, found, rule))
            continue
        value = _by_name(name, found, of) if source is None else _by_place(source, found, of)
        if value is not _NOTHING:
            filled[name] = _converted(value, parameter.annotation, of)
        elif parameter.default is not parameter.empty:
            continue
        elif type(None) in typing.get_args(parameter.annotation):
            filled[name] = None
        else:
            raise ValueError(
                f"{of} is missing; {'no ' + source if source else 'nothing has its name'} in {_all(found)}"
            )
    return filled


_NOTHING = object()


def _by_name(name: str, found: dict[str, dict], of: str):
    """What has this name, wherever it stands."""
    holding = [place for place, named in found.items() if name in named]
    if len(holding) > 1:
        raise ValueError(f"{of} stands in {' and in '.join(holding)}; say which, as {name}='{holding[0]}.{name}'")
    return found[holding[0]][name] if holding else _NOTHING


def _by_place(source: str, found: dict[str, dict], of: str):
    """What stands at a place such as "params.plane.points"."""
    value = found
    for step in source.split("."):
        if not isinstance(value, Mapping):
            raise ValueError(f"{of} is to be {source}, and what should hold '{step}' is {type(value).__name__}")
        if step not in value:
            return _NOTHING
        value = value[step]
    return value


def _converted(value, kind, of: str):
    """A text as the number that the argument is to be; anything else as it is."""
    if not isinstance(value, str) or kind not in (int, float):
        return value
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"{of} is '{value}', and should be {kind.__name__}") from None


def _all(found: dict[str, dict]) -> str:
    """Every place with its names."""
    return "; ".join(f"{place}: {', '.join(named)}" for place, named in found.items() if named)
