"""Sheets of groups and parts: size, normalised influence, classes, central members, and what their removal does."""

import re
from collections.abc import Mapping

import numpy as np

from attribution.answers import reading
from attribution.data.own_rows import Own
from attribution.explore import removals
from attribution.files import group_folders
from attribution.files.results import groups as groups_file
from attribution.files.results import partition as partition_file
from attribution.results import tables

# partition-removals-TRUTH.h5: networks of the run's own seed, or means over several
REMOVALS = re.compile(r"partition-removals-(.+)\.h5")


def of_groups(run: Mapping, own: Own, labels: np.ndarray, classes: list[str], central: int) -> list[dict]:
    """A sheet a group of groups.h5 and its variants, members in the order in which they joined.

    Args:
        run: of `results.open`. own: rows and ids of the training points. labels: (n,) int64. classes: their names.
        central: members that a sheet shows.

    Returns:
        dicts with `name`, `facts` (pairs of a word and a text), `mix` (share of each class), `central` (indices),
        `members` (indices, those before the group stopped) and `removal` (rows of words and numbers, empty where
        nothing was measured).
    """
    found, measured = [], removals.measured(run)
    for file in (name for name in run if re.fullmatch(r"groups(-[^/]+)?\.h5", name)):
        variant = file.removeprefix("groups").removesuffix(".h5").removeprefix("-")
        folders = [name.rpartition("/")[0] for name in run[file] if name.endswith(f"/{groups_file.MEMBERS}")]
        for folder in folders:
            grown = run[file][f"{folder}/{groups_file.MEMBERS}"]
            influence = run[file][f"{folder}/{groups_file.NORMALISED_INFLUENCE}"]
            facts = run[file].attributes_of(folder)
            members = grown[: groups_file.size(facts, grown)]
            start = group_folders.start_of(folder)
            peak = int(influence.argmax()) + 1
            seed = tables.seed_name(facts.get("seed_name", ""), run[tables.DATA].attributes["subgroup_names"])
            named = _started(start, seed, own, labels, classes)
            found.append({
                "name": (f"{variant}: " if variant else "") + named,
                "kind": "group",
                "start": list(start),
                "facts": [
                    ["grown by rule", facts["rule"]],
                    ["stopped by", f"{facts[groups_file.STOP]}, at {len(members)} of {len(grown)} members"],
                    ["normalised influence I(G, G)/|G|", f"{influence[len(members) - 1]:.4g}"],
                    ["its largest value", f"{influence[peak - 1]:.4g}, at {peak} member{'s' * (peak > 1)}"],
                ],
                "influence": float(influence[len(members) - 1]),
                "size": len(members),
                "mix": _mix(labels[members], len(classes)),
                "central": members[:central],
                "central_words": "first to join",
                "members": members,
                "removal": removals.of_order(measured, grown, len(members), len(start) + 1),
            })  # fmt: skip
    return found


def of_parts(run: Mapping, labels: np.ndarray, classes: list[str], central: int) -> list[dict]:
    """The same of each part of each method in partition.h5; removals from partition-removals-*.h5, and of others that
    took exactly its points."""
    if tables.PARTITION not in run:
        return []
    file, found = run[tables.PARTITION], []
    by_truth = {REMOVALS.fullmatch(name)[1]: run[name] for name in run if REMOVALS.fullmatch(name)}
    measured = removals.measured(run)
    for method in tables.partition_methods(file):
        labels_of = file[f"{method}/{partition_file.LABELS}"]
        own, middle = file[f"{method}/normalised_influence"], file[f"{method}/{partition_file.CENTRAL}"]
        for part in range(len(own)):
            inside = np.flatnonzero(labels_of == part)
            found.append({
                "name": f"{method}: part {part}",
                "kind": "part",
                "start": [],
                "facts": [["divided by method", method], ["normalised influence I(S, S)/|S|", f"{own[part]:.4g}"]],
                "influence": float(own[part]),
                "size": len(inside),
                "mix": _mix(labels[inside], len(classes)),
                "central": middle[part][middle[part] >= 0][:central],
                "central_words": "nearest its centre",
                "members": inside,
                "removal": [row for truth, of in by_truth.items() for row in removal(of, method, part, truth)]
                + removals.of_order(measured, inside, len(inside), len(inside)),
            })  # fmt: skip
    return found


def removal(measured: Mapping, method: str, part: int, truth: str) -> list[list]:
    """What was measured when a part left and the network was trained without it.

    Args:
        measured: a partition-removals file. truth: its kind, of the file's name.

    Returns:
        rows (words, mean over repetitions): the change of the mean loss on the part itself, and on the others.
    """
    name = f"{method}/{partition_file.CHANGES}"
    if name not in measured:
        return []
    changes = measured[name].mean(axis=0)
    others = np.delete(changes[part], part)
    rows = [[f"loss on the part itself, retrained without it ({truth})", float(changes[part, part])]]
    return rows + ([[f"loss on the other parts, the same ({truth})", float(others.mean())]] if len(others) else [])


def _mix(labels: np.ndarray, classes: int) -> list[float]:
    return [round(float(share), 4) for share in np.bincount(labels, minlength=classes) / max(len(labels), 1)]


def _started(start: tuple[int, ...], name: str, own: Own, labels: np.ndarray, classes: list[str]) -> str:
    """What a group is called: by the name of its seed where the settings give one, else by its class, and by its
    id or row.

    Args:
        start: training indices. name: of the seed in groups.h5; a drawn one or a number says less than its class.
    """
    points = ", ".join(reading.name(own.rows[point], own.ids[point]) for point in start)
    said = reading.class_name(classes[labels[start[0]]]) if not name or re.search(r"draw \d+$|^[\d+]+$", name) else name
    return f"group from {said}, {points}"
