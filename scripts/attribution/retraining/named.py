"""Training points that the user names leave together, beside random sets of as many: what the test losses do."""

import numpy as np
import pandas as pd

from attribution.data import own_rows

NAMED, RANDOM, RANDOM_CLASS = "named", "random", "random-class"
# what was trained again
LAST_LAYER, NETWORK = "last_layer", "network"
ALL = "all"  # classes together
DRAWS = ["retrained", "set", "draw", "class", "points", "before", "after", "change"]
SUMMARY = ["retrained", "class", "points", "before", "after", "change", "control", "draws", "mean", "low", "high",
           "share_as_high"]  # fmt: skip


def members(own: own_rows.Own, chosen: list[int | str], file: str | None) -> np.ndarray:
    """(p,) training indices of the points that are named, in their order in data.h5.

    Args:
        own: rows and ids of the training points. chosen: rows of the user's own training array, and ids as texts.
        file: CSV with a column `row` or, where it has none, `id`, as suspicious.csv has both; None without one.

    Raises:
        ValueError: one sentence, for a point that is none of the training set, or where none or all are named.
    """
    rows, ids = ([one for one in chosen if isinstance(one, kind)] for kind in (int, str))
    if file is not None:
        table = pd.read_csv(file, dtype={"id": str})
        if not {"row", "id"} & set(table.columns):
            raise ValueError(f"{file} has no column row or id; found are {', '.join(map(str, table.columns))}")
        if "row" in table:
            rows += table["row"].tolist()
        else:
            ids += table["id"].tolist()
    known, named = own_rows.places(own), [("row", row) for row in rows] + [("id", name) for name in ids]
    found = np.unique([own_rows.index(known, kind, name, "removed") for kind, name in named]).astype(np.int64)
    if not 0 < len(found) < len(own.rows):
        raise ValueError(f"removed names {len(found)} of {len(own.rows)} training points; name some, not all")
    return found


def sets(labels: np.ndarray, left: np.ndarray, draws: int, seed: int) -> tuple[list[str], np.ndarray]:
    """What is kept in each network: all points, those without `left`, and without random sets of as many.

    Args:
        labels: (n,). left: (p,) indices that leave. draws: of each kind of control; fewer are the first of more.
        seed: of them.

    Returns:
        what leaves, `named` second after an empty name, then `random` and, with as many of each class, `random-class`;
        kept (2 + 2 draws, n) bool.
    """
    rng, of_classes, n = np.random.default_rng(seed), np.random.default_rng((seed, 1)), len(labels)
    counts = np.bincount(labels[left], minlength=labels.max() + 1)
    of_class = [np.flatnonzero(labels == label) for label in range(len(counts))]
    gone = [[], left]
    gone += [rng.choice(n, len(left), replace=False) for _ in range(draws)]
    gone += [
        np.concatenate([of_classes.choice(pool, k, replace=False) for pool, k in zip(of_class, counts, strict=True)])
        for _ in range(draws)
    ]
    kept = np.ones((len(gone), n), dtype=bool)
    for row, out in zip(kept, gone, strict=True):
        row[out] = False
    return ["", NAMED, *[RANDOM] * draws, *[RANDOM_CLASS] * draws], kept


def changes(
    names: list[str], losses: np.ndarray, labels: np.ndarray, class_names: list[str], retrained: str
) -> pd.DataFrame:
    """A row a set that left and class of test points, of DRAWS; `change` is positive where the loss rose.

    Args:
        names: from `sets`. losses: (M, m) of the test points, by each network. labels: (m,).
        retrained: LAST_LAYER or NETWORK, what was trained again.
    """
    rows, drawn = [], dict.fromkeys(names, 0)
    groups = {ALL: np.ones(len(labels), dtype=bool)} | {
        name: labels == label for label, name in enumerate(class_names) if (labels == label).any()
    }
    for name, after in list(zip(names, losses, strict=True))[1:]:
        for group, chosen in groups.items():
            before, now = losses[0, chosen].mean(), after[chosen].mean()
            rows.append([retrained, name, drawn[name], group, int(chosen.sum()), before, now, now - before])
        drawn[name] += 1
    return pd.DataFrame(rows, columns=DRAWS)


def summary(table: pd.DataFrame, level: float) -> pd.DataFrame:
    """A row a class and kind of control, for what was trained again, of SUMMARY: the named points' change beside that
    of random sets.

    `low` and `high` hold the share `level` of the random sets' changes; `share_as_high` is (1 + those whose change is
    at least the named points') / (1 + draws), the p-value of a permutation test.

    Args:
        table: from `changes`.
    """
    rows = []
    for (retrained, group), found in table.groupby(["retrained", "class"], sort=False):
        named = found[found.set == NAMED].iloc[0]
        for control in (RANDOM, RANDOM_CLASS):
            others = found[found.set == control].change.to_numpy()
            low, high = np.quantile(others, [(1 - level) / 2, (1 + level) / 2])
            share = (1 + (others >= named.change).sum()) / (1 + len(others))
            rows.append([retrained, group, named.points, named.before, named.after, named.change, control, len(others),
                         others.mean(), low, high, share])  # fmt: skip
    return pd.DataFrame(rows, columns=SUMMARY)
