"""Training points in the order in which their labels should be looked at."""

import numpy as np
import pandas as pd

from attribution.boundary import points as boundary
from attribution.data.own_rows import Own


def suggested(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) the class other than the label that the network finds most likely.

    It is the prediction where that is not the label, else the second class.

    Args:
        logits: (n, C), or (n, 1) of a sigmoid. labels: (n,) int64.
    """
    return boundary.runner_up(logits, labels)


def ranks(suspicion: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """(n,) places from 1, that of the largest suspicion; equal ones by ascending key, so that file order says nothing.

    Args:
        suspicion: (n,), no NaN. keys: (n,), see `greedy.tie_keys`.
    """
    places = np.empty(len(suspicion), dtype=np.int64)
    places[np.lexsort((keys, -suspicion))] = np.arange(1, len(suspicion) + 1)
    return places


def table(
    own: Own, labels: np.ndarray, others: np.ndarray, class_names: list[str],
    scores: dict[str, tuple[np.ndarray, np.ndarray]], keys: np.ndarray,
) -> pd.DataFrame:  # fmt: skip
    """Rows of suspicious.csv, see `results.answers`.

    Args:
        own: of the training points. labels, others: (n,) int64, given and suggested. class_names: of the labels.
        scores: method -> scores (p,), larger = more suspicious, of the training points (p,). keys: (n,).
    """
    names = np.array(class_names, dtype=object)
    columns = {"row": own.rows, "id": own.ids, "label": names[labels], "suggested": names[others]}
    for method, (values, points) in scores.items():
        score, rank = np.full(len(labels), np.nan), pd.array([pd.NA] * len(labels), dtype="Int64")
        score[points], rank[points] = values, ranks(values, keys[points])
        columns |= {f"score_{method}": score, f"rank_{method}": rank}
    first = next(iter(scores))
    # points that the first method does not score come last, by their row
    return pd.DataFrame(columns).sort_values([f"rank_{first}", "row"], kind="stable", ignore_index=True)
