"""What docs/choosing.md advises beside the table of methods, its numbers from the tables of results."""

import statistics
from pathlib import Path

from writing import blocks, results

# data set of border.csv, method and shares of both tables
IMAGES = "cifar10-border"
METHOD = "metagradient"
SHARES = {"0.5": "half of the points leave", "0.9": "a tenth leaves"}
# truth of labels.csv by which nothing can be found
CONTROL = "flipped-90"


def recipes(folder: Path = results.FOLDER) -> str:
    """A row a recipe of the images: its test accuracy and the score of the metagradient, by share that leaves."""
    asked = [row for row in results.read("border", folder) if (row["dataset"], row["method"]) == (IMAGES, METHOD)]
    lines = []
    for model in dict.fromkeys(row["model"] for row in asked):
        own = {row["alpha"]: row for row in asked if row["model"] == model}
        accuracy = float(next(iter(own.values()))["test_accuracy"])
        lines.append([f"`{model}`", f"{accuracy:.2f}", *(_score(own.get(alpha), "lds") for alpha in SHARES)])
    return blocks.table(["recipe", "test accuracy", *SHARES.values()], lines)


def trainings(folder: Path = results.FOLDER) -> str:
    """A row a method: its score where half of the points leave, by the number of trainings that it is the mean of."""
    asked = [row for row in results.read("lds-trainings", folder) if row["alpha"] == "0.5"]
    counts = sorted({row["trainings"] for row in asked}, key=int)
    found = {(row["method"], row["trainings"]): row for row in asked}
    methods = dict.fromkeys(row["method"] for row in asked)
    lines = [[_named(method), *(_score(found.get((method, count)), "lds") for count in counts)] for method in methods]
    return blocks.table(["mean over trainings", *counts], lines)


def labels(truth: str, folder: Path = results.FOLDER) -> str:
    """A row a score: its average precision on labels that were `flipped`, or the share of those that are wrong by
    people (`human`) among the first tenth; columns a data set, model and truth. The best on the mean stands first.
    """
    asked = [row for row in results.read("labels", folder) if _kind(row["truth"]) == truth]
    columns = list(dict.fromkeys((row["dataset"], row["model"], row["truth"]) for row in asked))
    key = "average_precision" if truth == "flipped" else "found_first_10_percent"
    ends = ("low", "high") if truth == "flipped" else ("found_low", "found_high")
    found = {(row["method"], row["dataset"], row["model"], row["truth"]): row for row in asked}
    methods = {row["method"]: [float(each[key]) for each in asked if each["method"] == row["method"]] for row in asked}
    lines = [
        [_named(method), *(_score(found.get((method, *column)), key, ends) for column in columns)]
        for method in sorted(methods, key=lambda method: -statistics.mean(methods[method]))
    ]
    return blocks.table(["score", *(_heading(*column) for column in columns)], lines)


def largest(method: str, folder: Path = results.FOLDER) -> str:
    """How a score stands where labels were flipped, in sentences: how often its average precision is the largest, how
    often its interval then begins above the end of the next one's, and where it was not measured."""
    found = {}
    for row in results.read("labels", folder):
        if _kind(row["truth"]) == "flipped":
            found.setdefault((row["dataset"], row["model"], row["truth"]), []).append(row)
    counts, lacking = [0, 0, 0], []
    for of, rows in found.items():
        if method not in [row["method"] for row in rows]:
            lacking.append(_heading(*of))
            continue
        best, *others = sorted(rows, key=lambda row: float(row["average_precision"]), reverse=True)
        is_first = best["method"] == method
        is_apart = is_first and others and float(best["low"]) > float(others[0]["high"])
        counts = [counts[0] + 1, counts[1] + is_first, counts[2] + bool(is_apart)]
    measured, first, apart = counts
    said = (
        f"{_named(method)} has the largest average precision on {first} of the {measured} sets of flipped labels that "
    )
    said += f"it was measured on, and is apart from the next score by its interval on {apart} of them."
    return said + (f" It was not measured on {'; '.join(lacking)}." if lacking else "")


def _kind(truth: str) -> str:
    return "" if truth == CONTROL else truth.split("-")[0]


def _heading(dataset: str, model: str, truth: str) -> str:
    kind, _, share = truth.partition("-")
    return f"{dataset}, `{model}`" + (f", {share} % {kind}" if share else "")


def _named(method: str) -> str:
    name, comma, words = method.partition(", ")
    return f"`{name}`{comma}{words}"


def _score(row: dict[str, str] | None, key: str, ends: tuple[str, str] = ("low", "high")) -> str:
    interval = " ({{{}:z.2f}} to {{{}:z.2f}})".format(*ends)
    return "" if row is None else results.cell([f"{{{key}:z.2f}}{interval}", f"{{{key}:z.2f}}"], row)
