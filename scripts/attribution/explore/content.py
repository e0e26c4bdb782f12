"""What the page of a run holds: its points with their maps and colours, explanations, sheets and suspicious labels."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from attribution.data.own_rows import Own
from attribution.explore import maps


def positions(rows: np.ndarray, wanted: np.ndarray, words: str) -> np.ndarray:
    """(q,) index of each wanted row among `rows`.

    Raises:
        ValueError: one sentence, for a row that is not among them.
    """
    place = pd.Series(np.arange(len(rows)), index=rows)
    missing = [row for row in wanted if row not in place.index]
    if missing:
        raise ValueError(f"row {missing[0]} of {words} is no point of data.h5; delete the table and run its rule again")
    return place.loc[wanted].to_numpy()


def explained(table: pd.DataFrame, index_train: np.ndarray, index_test: np.ndarray) -> list[dict]:
    """explanations.csv a target at a time, in the table's order.

    Args:
        table: explanations.csv. index_train: (rows,) training index of each row. index_test: the same of its target.

    Returns:
        dicts with `index` (test), the target's own columns, and `methods`: name -> direction -> list of [training
        index, attribution], strongest first.
    """
    found = {}
    for row, point, target in zip(table.to_dict("records"), index_train, index_test, strict=True):
        own = found.setdefault(int(target), {
            "index": int(target), "row": row["target_row"], "id": text(row["target_id"]),
            "label": text(row["target_label"]), "prediction": text(row["prediction"]),
            "margin": row["margin"], "methods": {},
        })  # fmt: skip
        ends = own["methods"].setdefault(row["method"], {"helpful": [], "harmful": []})
        ends[row["direction"]].append([int(point), row["attribution"]])
    return list(found.values())


def suspicion_methods(table: pd.DataFrame) -> list[str]:
    """Methods of suspicious.csv, in the order of its columns."""
    return [name.removeprefix("score_") for name in table.columns if name.startswith("score_")]


def most_suspicious(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Rows of suspicious.csv that are among the first `count` by a method, in the table's order."""
    ranks = table[[f"rank_{name}" for name in suspicion_methods(table)]]
    return table[(ranks <= count).any(axis=1)]


def colourings(
    classes: list[str], labels: np.ndarray, predictions: np.ndarray, own: np.ndarray, ranks: Mapping[str, np.ndarray],
    sheets: list[dict], chosen: np.ndarray, n: int,
) -> list[dict]:  # fmt: skip
    """What the map may be coloured by, each a dict with `name`, `kind` (category or number) and `values` (q,).

    Of categories, `names` are those of the values. Numbers are shares of the training points that have less, in [0, 1]:
    scores have long tails, and a few points would take up the whole scale.

    Args:
        classes: names. labels, predictions: (n,) int64. own: (n,) self-influence. ranks: method -> (n,) from 1, NaN
            where there is none. sheets: of groups and parts. chosen: (q,) indices of the page's points. n: points.
    """
    wrong = (predictions != labels).astype(np.int64)
    found = [
        category("label", labels[chosen], classes),
        category("prediction", predictions[chosen], classes),
        category("right or wrong", wrong[chosen], ["predicted as labelled", "predicted otherwise"]),
        number("self-influence", (pd.Series(own).rank().to_numpy()[chosen] - 1) / max(n - 1, 1)),
    ]
    for method, rank in ranks.items():
        found.append(number(f"suspicion by {method}", 1 - (rank[chosen] - 1) / max(n - 1, 1)))
    of_method: dict[str, np.ndarray] = {}
    for sheet in sheets:
        if sheet["kind"] == "group":
            inside = np.isin(chosen, sheet["members"]).astype(np.int64)
            found.append(category(sheet["name"], inside, ["others", "members"]))
        else:
            method, _, part = sheet["name"].rpartition(": part ")
            of_method.setdefault(method, np.zeros(n, dtype=np.int64))[sheet["members"]] = int(part)
    for method, parts in of_method.items():
        names = [f"part {part}" for part in range(parts.max() + 1)]
        found.append(category(f"parts by {method}", parts[chosen], names))
    return found


def category(name: str, values: np.ndarray, names: list[str]) -> dict:
    return {"name": name, "kind": "category", "values": values, "names": list(names)}


def number(name: str, values: np.ndarray) -> dict:
    return {"name": name, "kind": "number", "values": values}


def points(
    chosen: np.ndarray, own: Own, labels: np.ndarray, predictions: np.ndarray, margins: np.ndarray,
    ranks: Mapping[str, np.ndarray],
) -> dict:  # fmt: skip
    """Columns of the page's points: who they are and what the network says of them."""
    return {
        "index": chosen, "row": own.rows[chosen], "id": [text(name) for name in own.ids[chosen]],
        "label": labels[chosen], "prediction": predictions[chosen], "margin": margins[chosen],
        "ranks": {method: rank[chosen] for method, rank in ranks.items()},
    }  # fmt: skip


def placed(found: list[maps.Map]) -> list[dict]:
    """Maps as the page has them."""
    return [{"name": part.name, "x": part.xy[:, 0], "y": part.xy[:, 1], "kept": part.kept} for part in found]


def text(value) -> str:
    """A cell of a table as text, an empty one as an empty text."""
    return "" if pd.isna(value) else str(value)
