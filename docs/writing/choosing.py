"""Which attribution method for which question at which cost: from docs/results/lds.csv and leave-one-out.csv."""

from pathlib import Path
from typing import NamedTuple

from attribution.evaluation import lds
from attribution.workflow import attributions
from writing import blocks, results

# rows of the truth's own noise: an independent truth's score, and a perfect method's
NOISE = (lds.NOISE_FLOOR, lds.ATTAINABLE)
SCORE = ["{lds:z.2f} ({low:z.2f} to {high:z.2f})", "{lds:z.2f}"]
# share of the best method's time that a fast one may take
FAST = 0.01
# table, truth, share that stays, words
QUESTIONS = (
    ("lds", "fixed", "0.5", "this training, half of the points leave"),
    ("lds", "fixed", "0.9", "this training, a tenth leaves"),
    ("leave-one-out", "fixed", "", "this training, one point leaves"),
    ("lds", "averaged", "0.5", "any such training, half of the points leave"),
    ("lds", "averaged", "0.9", "any such training, a tenth leaves"),
    ("leave-one-out", "averaged", "", "any such training, one point leaves"),
)


class Found(NamedTuple):
    """What a method reached: score with its interval, and seconds, None where no row tells them."""

    method: str
    score: float
    low: float
    high: float
    seconds: float | None


def table(folder: Path = results.FOLDER) -> str:
    """A row a question and model, of those that the two files answer."""
    rows = {name: results.read(name, folder) for name in ("lds", "leave-one-out")}
    seconds = {(row["dataset"], row["model"], row["method"]): row["seconds"] for row in rows["lds"]}
    lines = []
    for name, truth, alpha, words in QUESTIONS:
        asked = [row for row in rows[name] if row["truth"] == truth and row.get("alpha", "") == alpha]
        for run in dict.fromkeys((row["dataset"], row["model"]) for row in asked):
            own = [row for row in asked if (row["dataset"], row["model"]) == run]
            found = [_found(row, "lds" if name == "lds" else "spearman", seconds) for row in own
                     if row["method"] not in NOISE]  # fmt: skip
            noise = [results.cell(SCORE, row) for name in NOISE for row in own if row["method"] == name]
            lines.append([words, f"{run[0]}, `{run[1]}`", *line(found), "; ".join(noise)])
    header = ["what leaves", "data, model", "best", "cheapest that is not told apart"]
    header += ["best in a hundredth of its time", "best control", "noise floor; a perfect method"]
    return blocks.table(header, lines)


def line(found: list[Found]) -> list[str]:
    """Cells of the best method, of the cheapest whose interval reaches the best's, of the best that takes at most FAST
    of the best's time, and of the best control; empty where there is none, or where it is the best again.

    What is recommended for its cost has shown more than any control: the interval begins above those of all of them.
    """
    methods = [one for one in found if not attributions.is_control(one.method)]
    controls = [one for one in found if attributions.is_control(one.method)]
    if not methods:
        return ["", "", "", _cell(_best(controls))]
    best = _best(methods)
    shown = max((one.high for one in controls), default=float("-inf"))
    timed = [one for one in methods if one.seconds is not None and one.low > shown]
    level = [one for one in timed if one.high >= best.low]
    fast = [one for one in timed if best.seconds is not None and one.seconds <= FAST * best.seconds]
    cheapest = min(level, key=lambda one: one.seconds, default=None)
    return [_cell(best), "" if cheapest == best else _cell(cheapest), _cell(_best(fast)), _cell(_best(controls))]


def _best(found: list[Found]) -> Found | None:
    return max(found, key=lambda one: one.score, default=None)


def _found(row: dict, key: str, seconds: dict) -> Found:
    took = seconds.get((row["dataset"], row["model"], row["method"]))
    return Found(row["method"], float(row[key]), float(row["low"]), float(row["high"]), float(took) if took else None)


def _cell(one: Found | None) -> str:
    if one is None:
        return ""
    took = "" if one.seconds is None else f", {duration(one.seconds)}"
    return f"`{one.method}` {one.score:z.2f} ({one.low:z.2f} to {one.high:z.2f}){took}"


def duration(seconds: float) -> str:
    """In the unit in which it has two digits or so."""
    for unit, size in (("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= 2 * size or (unit == "s" and seconds >= 1):
            return f"{seconds / size:.0f} {unit}"
    return f"{1000 * seconds:.0f} ms"
