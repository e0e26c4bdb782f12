"""Tables of results from CSV files: docs/results/tables.yaml says how each looks and which command and commit gave it.

A table shows the file's columns as they are (`columns: {heading: "{median} ({low} to {high})"}` puts several of them
into one cell), or one line a `rows` and one column a value of `across`, each cell in the form of `cell`. Of a list of
forms the first counts whose columns all have a value. Values are texts: they stand in the page as in the file, but
where the form rounds them, `{lds:.2f}`. With `over: seed` a cell is of all rows that differ in that column: `{ari}` is
then their median, `{ari_least}` and `{ari_most}` the extremes, `{seed_count}` how many they are.
"""

import csv
import functools
import statistics
import string
from pathlib import Path

import yaml

from writing.blocks import PageError, table

FOLDER = Path(__file__).parent.parent / "results"


class Rounding(string.Formatter):
    """Formats of numbers apply to texts that are numbers."""

    def format_field(self, value: str, spec: str) -> str:
        return format(float(value), spec) if spec else value


def tables(folder: Path = FOLDER) -> dict[str, dict]:
    """What tables.yaml says, by name."""
    return parsed((folder / "tables.yaml").read_text())


@functools.cache
def parsed(text: str) -> dict[str, dict]:
    """YAML, read once: it takes longer than all tables together, and every number of a page asks for it."""
    return yaml.safe_load(text)


def fields(form: str) -> list[str]:
    """Names of the columns that a form shows."""
    return [name for _, name, _, _ in string.Formatter().parse(form) if name]


def cell(forms: str | list[str], row: dict[str, str]) -> str:
    """The first form whose columns all have a value, filled in; without one an empty cell."""
    for form in [forms] if isinstance(forms, str) else forms:
        if all(row[name] for name in fields(form)):
            return Rounding().format(form, **row)
    return ""


def read(name: str, folder: Path = FOLDER) -> list[dict[str, str]]:
    """Rows of a table. PageError: tables.yaml or the folder lacks it."""
    if name not in tables(folder) or not (folder / f"{name}.csv").is_file():
        raise PageError(f"the table '{name}' needs an entry in docs/results/tables.yaml and docs/results/{name}.csv")
    with open(folder / f"{name}.csv", newline="") as file:
        return list(csv.DictReader(file))


def result(name: str, folder: Path = FOLDER) -> str:
    """The table `name` in Markdown. PageError: as `read`."""
    rows, about = read(name, folder), tables(folder)[name]
    if "across" not in about:
        columns = about.get("columns") or {heading: f"{{{heading}}}" for heading in rows[0]}
        return table(list(columns), [[cell(forms, row) for forms in columns.values()] for row in rows])
    lines, across = about["rows"], about["across"]
    if "over" in about:
        rows = summed_up(rows, about["over"], [*lines.values(), across])
    names = list(dict.fromkeys(cell(across, row) for row in rows))
    found = {}
    for row in rows:
        key = tuple(cell(form, row) for form in lines.values())
        found.setdefault(key, {})[cell(across, row)] = cell(about["cell"], row)
    return table([*lines, *names], [[*key, *(line.get(name, "") for name in names)] for key, line in found.items()])


def summed_up(rows: list[dict[str, str]], over: str, named: list[str]) -> list[dict[str, str]]:
    """One row of those that agree in what the forms `named` show: their medians, see the module's text."""
    found = {}
    for row in rows:
        found.setdefault(tuple(cell(form, row) for form in named), []).append(row)
    return [_median(group, over) for group in found.values()]


def _median(rows: list[dict[str, str]], over: str) -> dict[str, str]:
    median = dict(rows[0]) | {f"{over}_count": str(len({row[over] for row in rows}))}
    for name in rows[0]:
        try:
            values = [float(row[name]) for row in rows if row[name]]
        except ValueError:
            continue
        if values:
            several = {"": statistics.median(values), "_least": min(values), "_most": max(values)}
            median |= {f"{name}{ending}": str(value) for ending, value in several.items()}
    return median


def sources(folder: Path = FOLDER) -> str:
    """Which command gave each table, and the commit in whose README it first stood as it is."""
    lines = []
    for name, about in tables(folder).items():
        differed = f" with `{about['with']}`" if "with" in about else ""
        lines.append([f"[{name}](results/{name}.csv)", f"`{about['command']}`{differed}", about["commit"]])
    return table(["table", "command", "commit"], lines)
