"""Which test points are explained: named ones, the most confidently wrong, and the least certain."""

import numpy as np

from attribution.data import own_rows
from attribution.numerics.residuals import margins, predictions


def choose(
    logits: np.ndarray, labels: np.ndarray, own: own_rows.Own, class_names: list[str], settings: dict
) -> np.ndarray:
    """Test indices of the explained points: the named rows in their order, then the wrong ones from the most
    confidently wrong on, then the right ones from the least certain on.

    Wrong points go by the margin of their label, right ones by the same, which is that of the prediction; equal margins
    by row.

    Args:
        logits: (m, C) of the test points. labels: (m,) int64. own: rows and ids of them. class_names: of the labels.
        settings: `wrong` and `uncertain`, how many; `each_class`, whether of each class; `classes`, "all" or names of
            those whose points are taken; `rows`, named ones by row, or id as a text, whatever their class.

    Returns:
        (t,) int64, all different.

    Raises:
        ValueError: when a named row or id is no test point of the data, a class is none, or nothing is left to explain.
    """
    margin, wrong = margins(logits, labels), predictions(logits) != labels
    order = np.lexsort((own.rows, margin))
    asked = range(len(class_names))
    if settings["classes"] != "all":
        asked = [_number(name, class_names) for name in settings["classes"]]
    pools = [np.isin(labels, [label]) for label in asked] if settings["each_class"] else [np.isin(labels, list(asked))]
    places = own_rows.places(own)
    chosen = [_index(name, places) for name in settings["rows"]]
    for kind, count in ((wrong, settings["wrong"]), (~wrong, settings["uncertain"])):
        for pool in pools:
            chosen += order[(kind & pool)[order]][:count].tolist()
    if not chosen:
        raise ValueError(
            "no test point is left to explain; raise answers.explanations.wrong or .uncertain, or name rows of your "
            "own in answers.explanations.rows"
        )
    return np.array(list(dict.fromkeys(chosen)), dtype=np.int64)


def _index(name: int | str, places: dict[str, dict[int | str, int]]) -> int:
    kind = "id" if isinstance(name, str) else "row"
    if name not in places[kind]:
        rows, ids = places["row"], list(places["id"])
        which = f"rows go from {min(rows)} to {max(rows)}"
        if kind == "id":
            which = (
                f"ids of test points are as '{ids[0]}', those of training points are none" if ids else "it has no ids"
            )
        raise ValueError(
            f"answers.explanations.rows names {kind} {name}, and no test point of the data is that {kind} of the "
            f"source; {which}, and a subset has only some of them"
        )
    return places[kind][name]


def _number(name: str, class_names: list[str]) -> int:
    if name not in class_names:
        raise ValueError(
            f"answers.explanations.classes names '{name}', which is no class of the data; its classes are "
            f"{', '.join(class_names)}"
        )
    return class_names.index(name)
