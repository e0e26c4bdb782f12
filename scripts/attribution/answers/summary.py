"""What a study's summary says: its data, network, accuracy, methods, and what its jobs took. Every number is read from
the files of the run."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from attribution.answers import confusion, stored_network
from attribution.files import hdf5
from attribution.files.results.data import FLIPPED_TRAIN, X_TRAIN, Y_TEST, Y_TRAIN
from attribution.files.results.gradients import LOGITS_TEST, LOGITS_TRAIN, PARAMETERS
from attribution.numerics import residuals
from attribution.results import csv_tables, tables
from attribution.runtime import record

# rows of a table on the page, and classes and layers that are named
ROWS, NAMED = 25, 12
ITSELF = ("summarise_study", "track_study")
JOBS = ["rule", "jobs", "seconds", "longest", "peak_mb", "asked_mb"]

# as pandas writes them; Python alone takes 2023_0417 for one too
NUMBER, FRACTION = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|-?inf|nan"), re.compile(r"\d[.e]|\.\d")

Facts = list[tuple[str, str]]


def of_data(path: str, name: str) -> Facts:
    """Words and values of a data set.

    Args:
        path: data.h5. name: of the data set in the settings.
    """
    labels, tested = hdf5.read(path, Y_TRAIN, Y_TEST)
    facts = hdf5.attributes(path)
    classes = [str(found) for found in facts["class_names"]]
    with hdf5.file(path) as file:
        shape, kind = file[X_TRAIN].shape[1:], file[X_TRAIN].dtype
        flipped = int(file[FLIPPED_TRAIN][()].sum()) if FLIPPED_TRAIN in file else 0
    sizes = np.bincount(labels, minlength=len(classes))
    found = [
        ("data set", name),
        ("training points", f"{len(labels):,}"),
        ("test points", f"{len(tested):,}"),
        ("a point", f"{' x '.join(map(str, shape)) or 1} numbers, {kind}"),
        ("classes", f"{len(classes)}: {_few(classes)}"),
        ("training points a class", f"{sizes.min():,} to {sizes.max():,}"),
    ]
    found += [("labels flipped by the settings", f"{flipped:,}")] if flipped else []
    return found + [("of the source", str(note)) for note in facts.get("notes", [])]


def of_network(path: str, history: str, name: str, recipe: Mapping) -> Facts:
    """Words and values of a network.

    Args:
        path: model.keras. history: history.csv. name: of the model in the settings. recipe: its settings.
    """
    kinds = [f"{count} {kind}" if count > 1 else kind for kind, count in stored_network.layers(path).items()]
    last = pd.read_csv(history).iloc[-1]
    return [
        ("model", name),
        ("architecture", recipe["architecture"]),
        ("parameters", f"{stored_network.parameters(path):,}"),
        ("layers", _few(kinds)),
        *((key, words(value)) for key, value in recipe.items() if key not in ("architecture", "training")),
        ("training", words(recipe.get("training", "not known: a file of a trained network"))),
        ("loss after the last epoch", f"{last['loss']:.4g} training, {last['test_loss']:.4g} test"),
    ]


def of_recipe(name: str, recipe: Mapping) -> Facts:
    """The same of a network of which nothing is built; arguments as in `of_network`."""
    return [
        ("model", name),
        *((key, words(value)) for key, value in recipe.items()),
        ("trained", "no: nothing that this target builds is of it"),
    ]


def of_last_layer(data: str, gradients: str, name: str, recipe: Mapping) -> Facts:
    """The same of features and last layer of a network that is not there.

    Args:
        data, gradients: data.h5 and gradients.h5. name, recipe: as in `of_network`.
    """
    labels, outputs = hdf5.read(data, Y_TRAIN, Y_TEST), hdf5.read(gradients, LOGITS_TRAIN, LOGITS_TEST)
    (parameters,) = hdf5.read(gradients, PARAMETERS)
    losses = [residuals.cross_entropy(*pair).mean() for pair in zip(outputs, labels, strict=True)]
    return [
        ("model", name),
        ("architecture", f"{recipe['architecture']}: the last layer of a network, which is not here"),
        ("features", f"{len(parameters) // outputs[0].shape[1] - 1:,}"),
        *((key, words(value)) for key, value in recipe.items() if key != "architecture"),
        ("loss", f"{losses[0]:.4g} training, {losses[1]:.4g} test"),
    ]


def of_accuracy(data: str, gradients: str, level: float) -> Facts:
    """How well the network knows its data, of test points with intervals as in recall.csv.

    Args:
        data, gradients: data.h5 and gradients.h5. level: confidence of the intervals.
    """
    labels, tested = hdf5.read(data, Y_TRAIN, Y_TEST)
    logits, logits_test = hdf5.read(gradients, LOGITS_TRAIN, LOGITS_TEST)
    classes = [str(found) for found in hdf5.attributes(data)["class_names"]]
    matrix = confusion.counts(tested, tables.predictions(logits_test), len(classes))
    found = confusion.recall(matrix, np.bincount(labels, minlength=len(classes)), classes, level)
    each = found.set_index("class")
    named = found[~found["class"].isin([confusion.ACCURACY, confusion.BALANCED])].dropna(subset="recall")
    worst = named.loc[named["recall"].idxmin()]
    wrong = int((tables.predictions(logits) != labels).sum())

    def share(row):
        return f"{row['recall']:.1%} ({row['low']:.1%} to {row['high']:.1%})"

    return [
        ("test", share(each.loc[confusion.ACCURACY])),
        ("test, balanced", share(each.loc[confusion.BALANCED])),
        ("training", f"{1 - wrong / len(labels):.1%}, {wrong:,} of {len(labels):,} points wrong"),
        ("class with the lowest recall", f"{worst['class']}, {share(worst)}"),
    ]


def jobs(lines: Iterable[Path], study: str, dataset: str, models: list[str]) -> pd.DataFrame:
    """The last time that each job of a study ran, the oldest first; args and columns as `events`."""
    found = events(lines, study, dataset, models)
    return found.drop_duplicates(["rule", "job"], keep="last", ignore_index=True)


def events(lines: Iterable[Path], study: str, dataset: str, models: list[str]) -> pd.DataFrame:
    """Each time that a job of a study ran, the oldest first.

    Args:
        lines: what jobs keep beside their logs, results/logs/RULE/**/JOB.jobs.jsonl, see `record`. study, dataset:
            their names. models: of the study; their untrained forms are taken too.

    Returns:
        `rule`, `job`, its name, `method`, and as `record.line` has them `finished` (s), `seconds`, `peak_mb`,
        `asked_mb` and `commit`. Jobs that ran before such lines held wildcards are not told apart, and left out; so
        are summaries.
    """
    own, rows = {*models, *(f"{name}-untrained" for name in models)}, []
    for path in lines:
        place = path.parts[path.parts.index("logs") + 1 :]
        name = "/".join(place[1:]).removesuffix(record.ENDING)
        for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            chosen = line.get("wildcards", {})
            of_run = chosen.get("dataset") == dataset and chosen.get("model") in (None, *own)
            if (chosen.get("study") == study or of_run) and place[0] not in ITSELF:
                told = {key: line.get(key) for key in ("finished", "seconds", "peak_mb", "asked_mb", "commit")}
                rows.append({"rule": place[0], "job": name, "method": chosen.get("method")} | told)
    columns = ["rule", "job", "method", "finished", "seconds", "peak_mb", "asked_mb", "commit"]
    return pd.DataFrame(rows, columns=columns).sort_values("finished", ignore_index=True)


def lines_of(logs: str) -> list[Path]:
    """The files that `jobs` reads, of all jobs that are on record below a folder of logs."""
    return sorted(Path(logs).glob(f"*/**/*{record.ENDING}"))


def of_jobs(found: pd.DataFrame) -> Facts:
    """Words and values of what the jobs took."""
    if found.empty:
        return [("jobs on record", "0")]
    first, last = (pd.to_datetime(found["finished"].agg(end), unit="s") for end in ("min", "max"))
    most, slowest = found.loc[found["peak_mb"].idxmax()], found.loc[found["seconds"].idxmax()]
    commits = list(dict.fromkeys(found["commit"].dropna()))
    return [
        ("jobs on record", f"{len(found):,}"),
        ("time, all together", duration(found["seconds"].sum())),
        ("longest job", f"{slowest['rule']}, {duration(slowest['seconds'])}"),
        ("largest memory", f"{most['peak_mb']:,.0f} MB, {most['rule']}"),
        ("finished, UTC", " to ".join(dict.fromkeys(f"{time:%Y-%m-%d %H:%M}" for time in (first, last)))),
        ("commit", _few(commits) or "not known: not run in a clone"),
    ]


def by_rule(found: pd.DataFrame) -> pd.DataFrame:
    """A row a rule, the one that took longest first: numbers of jobs, seconds in all and of the longest job, largest
    memory (1e6 bytes) and what was asked for."""
    grouped = found.groupby("rule").agg(
        jobs=("seconds", "size"), seconds=("seconds", "sum"), longest=("seconds", "max"), peak_mb=("peak_mb", "max"),
        asked_mb=("asked_mb", "max"),
    )  # fmt: skip
    return grouped.sort_values("seconds", ascending=False).reset_index()[JOBS]


def methods(found: pd.DataFrame) -> Facts:
    """Rules that ran for methods, and for which."""
    named = found.dropna(subset="method")
    found = [(rule, ", ".join(sorted(part["method"].unique()))) for rule, part in named.groupby("rule", sort=False)]
    return found or [("none", "no job of a method is on record")]


def shown(path: str) -> tuple[pd.DataFrame, int]:
    """The first rows of a CSV table as texts, see `formatted`, and how many rows there are."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return formatted(table).head(ROWS), len(table)


def formatted(table: pd.DataFrame) -> pd.DataFrame:
    """A table of texts as the page has it: in columns of numbers those that are not whole to four digits.

    Names stay as they are, an id 12.50 as a class 1e5.
    """
    return table.apply(lambda column: column.map(_digits) if is_numbers(column) else column)


def is_numbers(column: pd.Series) -> bool:
    """Whether texts are numbers, as far as they are not empty, and no names."""
    there = [text for text in column if text]
    return column.name not in csv_tables.TEXTS and bool(there) and all(map(NUMBER.fullmatch, there))


def _digits(text: str) -> str:
    return f"{float(text):.4g}" if FRACTION.search(text) else text


def words(value) -> str:
    """A setting as words: keys with their values, lists as they stand."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {words(part)}" for key, part in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(words, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """Seconds in the unit that fits."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def _few(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
