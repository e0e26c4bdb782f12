"""What was asked for and no rule makes, in a sentence that says what may be meant."""

import difflib
import os
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

# as Snakemake writes it into a pattern, with its regular expression
WILDCARD = re.compile(r"\{(\w+)(?:,([^{}]*))?\}")
# wildcards that may be empty, and words for others
OPTIONAL = ("scope", "variant", "layers")
WORDS = {"dataset": "data set", "scope": "folder", "ending": "form"}
LISTED = 40  # names in a sentence


class Output(NamedTuple):
    """A file that a rule makes: `pattern` with {wildcards}, and the regular expressions of these by name."""

    pattern: str
    constraints: dict[str, str]


def of(workflow) -> Callable[[str], str]:
    """`sentence` for the rules of a workflow, which are there when it is called."""
    return lambda file: sentence(file, [rule.name for rule in workflow.rules], _outputs(workflow))


def sentence(file: str, rules: Iterable[str], outputs: list[Output]) -> str:
    """What is wrong with the name of a file that no rule makes.

    Args:
        rules: names of rules and targets. outputs: of all rules.
    """
    if "/" not in file and "." not in file:
        return f"there is no target and no rule '{file}'{_perhaps(file, rules)}; make targets lists the targets"
    fitting = [(_failing(output, file), output) for output in outputs if _values(output, file) is not None]
    if fitting:
        # what is nearest to right: the fewest wildcards of no allowed value, and most letters of the pattern's own
        failing, output = min(fitting, key=lambda one: (len(one[0]), -len(WILDCARD.sub("", one[1].pattern))))
        said = [_of_wildcard(name, value, output.constraints[name]) for name, value in failing.items()]
        return f"{file} was asked for, but {' and '.join(said)}"
    named = {_filled(output.pattern, file): output for output in outputs}
    folder = os.path.dirname(file)
    beside = sorted({os.path.basename(name) for name in named if os.path.dirname(name) == folder})
    listed = f"; made in {folder}/ are {_some(beside)}" if beside else ""
    return f"{file} was asked for, but no rule makes it{_perhaps(file, named)}{listed}"


def _outputs(workflow) -> list[Output]:
    found = []
    for file in (str(file) for rule in workflow.rules for file in rule.output):
        constraints = {name: expression for name, expression in WILDCARD.findall(file) if expression}
        found.append(Output(WILDCARD.sub(lambda match: f"{{{match[1]}}}", file), constraints))
    return [output for output in found if not output.pattern.endswith(".pdf")]


def _values(output: Output, file: str) -> dict[str, str] | None:
    """What the wildcards of an output are in a file's name, whatever they may be; None where the rest differs."""
    seen, expression, end = set(), "", 0
    for found in WILDCARD.finditer(output.pattern):
        name = found[1]
        expression += re.escape(output.pattern[end : found.start()])
        free = ".*" if name in OPTIONAL else "[^/]+"
        expression += f"(?P={name})" if name in seen else f"(?P<{name}>{free})"
        seen.add(name)
        end = found.end()
    match = re.fullmatch(expression + re.escape(output.pattern[end:]), file)
    return match.groupdict() if match else None


def _failing(output: Output, file: str) -> dict[str, str]:
    """Wildcards of an output whose value in a file's name is not allowed."""
    values = _values(output, file) or {}
    return {
        name: value
        for name, value in values.items()
        if name in output.constraints and not re.fullmatch(output.constraints[name], value)
    }


def _of_wildcard(name: str, value: str, constraint: str) -> str:
    word = WORDS.get(name, name)
    # names of settings are joined by bars, each with its letters as they are
    allowed = [re.sub(r"\\(.)", r"\1", one) for one in constraint.split("|")]
    if re.search(r"[\[(?+*]|\\d", constraint):
        return f"'{value}' cannot be its {word}, which is of the form {constraint}"
    return f"there is no {word} '{value}'{_perhaps(value, allowed)}; there are {_some(allowed)}"


def _filled(pattern: str, file: str) -> str:
    """A pattern with the folders of a file's name in the places of wildcards, and without those that may be empty."""
    typed = file.split("/")
    parts = []
    for place, part in enumerate(pattern.split("/")):
        if place < len(typed) - 1 and place < len(pattern.split("/")) - 1 and WILDCARD.search(part):
            parts.append(typed[place])
        else:
            parts.append(WILDCARD.sub(lambda found: "" if found[1] in OPTIONAL else found[1].upper(), part))
    return "/".join(parts)


def _perhaps(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), 1)
    return f"; perhaps {found[0]} is meant" if found else ""


def _some(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} others" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
