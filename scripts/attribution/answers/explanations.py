"""The training points that say most about a test point's prediction, for and against its label."""

import numpy as np
import pandas as pd

from attribution.data.own_rows import Own
from attribution.files.results.answers import HARMFUL, HELPFUL
from attribution.influence import topk
from attribution.numerics.residuals import margins, predictions

COLUMNS = [
    "target_row", "target_id", "target_label", "prediction", "margin", "method", "direction", "rank", "row", "id",
    "label", "attribution",
]  # fmt: skip


def ends(
    pairs: np.ndarray, signed: bool, same: np.ndarray, count: int, keys: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Training points at both ends of one target's pairs.

    Args:
        pairs: (n,) of the target, positive = helpful. signed: whether the sign says so; else pairs are similarities,
            and the most similar points of the target's own label help, those of other labels harm.
        same: (n,) bool, whether a training point has the target's label. count: points at each end, at most.
        keys: (n,), order between equal pairs.

    Returns:
        by direction, indices (q,) from the strongest on and their pairs (q,), q at most `count`: a positive pair is
        never harmful, and none is where a pair is zero.
    """
    found = {}
    for direction, allowed, strength in (
        (HELPFUL, pairs > 0 if signed else same, pairs),
        (HARMFUL, pairs < 0 if signed else ~same, -pairs if signed else pairs),
    ):
        pool = np.flatnonzero(allowed)
        size = min(count, len(pool))
        if size:
            (chosen,), _ = topk.largest(strength[None, pool], size, keys[pool])
            pool = pool[chosen]
        found[direction] = pool[:size], pairs[pool[:size]]
    return found


def table(
    targets: np.ndarray, logits: np.ndarray, labels_test: np.ndarray, own_test: Own, labels: np.ndarray, own: Own,
    class_names: list[str], pairs: dict[str, tuple[np.ndarray, bool]], count: int, keys: np.ndarray,
) -> pd.DataFrame:  # fmt: skip
    """Rows of explanations.csv, see `results.answers`: targets in their order, of each every method.

    Args:
        targets: (t,) test indices. logits: (m, C) of the test points. labels_test, own_test: of the test points.
        labels, own: of the training points. class_names: of the labels. pairs: method -> (t, n), and whether signed.
        count: points at each end. keys: (n,).
    """
    margin, predicted, rows = margins(logits, labels_test), predictions(logits), []
    for place, target in enumerate(targets):
        label = labels_test[target]
        head = [own_test.rows[target], own_test.ids[target], class_names[label], class_names[predicted[target]],
                margin[target]]  # fmt: skip
        for method, (values, signed) in pairs.items():
            both = ends(values[place], signed, labels == label, count, keys)
            for direction, (points, attributions) in both.items():
                rows += [
                    [*head, method, direction, rank, own.rows[point], own.ids[point], class_names[labels[point]], value]
                    for rank, (point, value) in enumerate(zip(points, attributions, strict=True), 1)
                ]
    return pd.DataFrame(rows, columns=COLUMNS)
