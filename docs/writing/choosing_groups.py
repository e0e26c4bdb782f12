"""Whether a partition is worth having and where a group should stop: from removal*.csv and stop-conditions-*.csv."""

from pathlib import Path

from writing import blocks, results

DEFAULT_STOP, BEFORE = "gap", "turn"


def partitions(folder: Path = results.FOLDER) -> str:
    """A row a method: on how many data sets it is above, level with and below the best control, by its interval.

    Rows of `removal` are of shapes in the plane, those of `removal-hidden` of the others; the best is first.
    """
    found, columns = {}, []
    for name, words in (("removal", "shapes"), ("removal-hidden", "other data")):
        for row in results.read(name, folder):
            if row["role"] == "control" or not row["gain_low"]:
                continue
            column = f"{words}, `{row['model']}`, {row['truth']}" if name == "removal" else words
            columns += [column] if column not in columns else []
            place = 0 if float(row["gain_low"]) > 0 else 2 if float(row["gain_high"]) < 0 else 1
            found.setdefault(row["method"], {}).setdefault(column, [0, 0, 0])[place] += 1
    total = {name: [sum(counts) for counts in zip(*cells.values(), strict=True)] for name, cells in found.items()}
    # a method that was tried on few data sets is not the better for it
    order = sorted(found, key=lambda name: (total[name][2] / sum(total[name]), -total[name][0] / sum(total[name])))
    lines = [
        [f"`{name}`", *(" / ".join(map(str, found[name].get(column, []))) for column in columns)] for name in order
    ]
    return blocks.table(["method", *columns], lines)


def stops(folder: Path = results.FOLDER) -> str:
    """A row a data set and method: what its order holds, the condition of the largest F1, and the default's."""
    lines = []
    for name, chosen in (("stop-conditions-judged", ["all"]), ("stop-conditions-hidden", None)):
        rows = [row for row in results.read(name, folder) if row["role"] == "method" and row["method"] != "all"]
        for data in chosen or list(dict.fromkeys(row["dataset"] for row in rows)):
            words = "shapes" if data == "all" else data
            own = [row for row in rows if row["dataset"] == data]
            for method in dict.fromkeys(row["method"] for row in own):
                of = {row["condition"]: row for row in own if row["method"] == method}
                best, default = max(of, key=lambda one: float(of[one]["f1"])), of[DEFAULT_STOP]
                gain = "{gain:+z.2f} ({gain_low:+z.2f} to {gain_high:+z.2f})"
                share = results.cell("{share_of_first:.2f}", default)
                lines.append([words, f"`{method}`", share, f"`{best}` {_f1(of[best])}", _f1(default),
                              results.cell(gain, default)])  # fmt: skip
    header = ["data", "grown by", "share of first", "best stop", f"`{DEFAULT_STOP}`, the default"]
    return blocks.table([*header, f"its gain over `{BEFORE}`"], lines)


def _f1(row: dict[str, str]) -> str:
    return results.cell("{f1:.2f} ({low:.2f} to {high:.2f})", row)
