"""Variants of a data set: subsets, superclasses, flipped labels, test images put into the training set."""

import csv

import numpy as np

from attribution.data import splits
from attribution.files import kinds as file_kinds
from attribution.files import unreadable
from attribution.files.results.data import (
    FLIPPED_TRAIN,
    ID,
    INDEX,
    INJECTED_PAIRS,
    ITEMS,
    ORIGINAL_Y_TRAIN,
    ROWS_TRAIN,
    Y_TRAIN,
)


def make(
    source: dict[str, np.ndarray], class_names: list[str], settings: dict, pairs: np.ndarray
) -> tuple[dict[str, np.ndarray], dict]:
    """A variant of a data set, both parts shuffled, so that file order carries no information.

    Each step draws from its own stream of the seed: flipping labels, for one, leaves the subset as it was.

    Args:
        source: x_train (n, ...), y_train (n,) int64, x_test, y_test; subgroup_train (n,) int64 where known, else the
            classes are the subgroups. subgroup_test likewise; id_train, items_train and those of the test set, texts.
        class_names: of label 0, 1, ...
        settings: `seed`; `classes` ("all" or names, which get the labels 0, 1, ... in that order); `points` and
            `test_points` ("all" or how many are drawn, see `stratified`); `validation_split` (share of these training
            points that are held out, 0 for none, the classes in their proportions; their labels are never flipped);
            `superclasses` (name -> classes; labels then count superclasses, in this order); `flipped` (share of the
            training labels, see `flip`).
        pairs: (p, 2) int64, test and training row of the source. The test images move into the training set, with
            their own label, never flipped. A pair whose training image or whose class is not taken, or whose training
            image is held out, is left out.

    Returns:
        arrays: x_train, y_train, subgroup_train, x_test, y_test, subgroup_test (unless only subgroup_train is known);
            the same for points that are held out, x_validation and so on; `index_train`, `index_validation` and
            `index_test` (int64): row in the source, test images counting on after the training images (i + n for test
            image i); with flipped labels `flipped_train` (bool) and `original_y_train`; with pairs `injected_pairs`
            (q, 2) int64, the training index of the injected image and of its partner.
        facts: class_names, `rows_train` of the source, and with pairs `injected_images` and `pairs_left_out`.

    Raises:
        ValueError: when a subset has too few points of a class, or a pair names an image that does not exist.
    """
    n, m = len(source["y_train"]), len(source["y_test"])
    streams = np.random.default_rng(settings["seed"]).spawn(6)
    drawn_train, drawn_test, flips, order_train, order_test, held = streams
    _check_pairs(pairs, n, m)

    chosen = class_names if settings["classes"] == "all" else settings["classes"]
    number = np.full(len(class_names), -1)
    number[[class_names.index(name) for name in chosen]] = np.arange(len(chosen))
    train = np.flatnonzero(number[source["y_train"]] >= 0)
    test = np.flatnonzero(number[source["y_test"]] >= 0)
    train = train[stratified(number[source["y_train"][train]], settings["points"], drawn_train, chosen)]
    validation = train[:0]
    if settings["validation_split"]:
        advice = "take another share, or leave it out"
        labels = np.array(chosen)[number[source["y_train"][train]]]
        share, seed = settings["validation_split"], int(held.integers(2**32))
        out = splits.drawn("", labels, share, seed, "validation_split", advice)
        train, validation = train[~out], held.permutation(train[out])

    usable = np.isin(pairs[:, 1], train) & np.isin(pairs[:, 0], test)
    taken = pairs[usable]
    injected = np.unique(taken[:, 0])
    test = np.setdiff1d(test, injected)
    test = test[stratified(number[source["y_test"][test]], settings["test_points"], drawn_test, chosen)]

    index_train = order_train.permutation(np.concatenate([train, n + injected]))
    index_test = n + order_test.permutation(test)
    parts = {"train": index_train, "test": index_test} | ({"validation": validation} if len(validation) else {})
    arrays = {f"{INDEX}_{part}": index for part, index in parts.items()}
    own_subgroups = "subgroup_train" in source
    if own_subgroups and len(injected) and "subgroup_test" not in source:
        raise ValueError("inject needs subgroup_test beside subgroup_train, for the test images that it moves")
    for part, index in parts.items():
        arrays[f"x_{part}"] = _rows(source, "x", index)
        label = number[_rows(source, "y", index)]
        arrays[f"y_{part}"] = label
        if not own_subgroups:
            arrays[f"subgroup_{part}"] = label
        elif f"subgroup_{part}" in source or part == "validation":
            arrays[f"subgroup_{part}"] = _rows(source, "subgroup", index)
        for name in (ID, ITEMS):
            if f"{name}_train" in source:
                arrays[f"{name}_{part}"] = _rows(source, name, index)
    facts = {"class_names": list(chosen), ROWS_TRAIN: n}

    if settings["superclasses"]:
        merged = {name: i for i, members in enumerate(settings["superclasses"].values()) for name in members}
        table = np.array([merged[name] for name in chosen], dtype=np.int64)
        for part in parts:
            arrays[f"y_{part}"] = table[arrays[f"y_{part}"]]
        facts["class_names"] = list(settings["superclasses"])
    if settings["flipped"]:
        original = arrays[Y_TRAIN]
        arrays[Y_TRAIN], arrays[FLIPPED_TRAIN] = flip(
            original, settings["flipped"], len(facts["class_names"]), index_train < n, flips
        )
        arrays[ORIGINAL_Y_TRAIN] = original
        for label in np.setdiff1d(original, arrays[Y_TRAIN]):
            print(
                f"warning: flipping leaves class '{facts['class_names'][label]}' without a training point", flush=True
            )
    if len(pairs):
        position = np.full(n + m, -1)
        position[index_train] = np.arange(len(index_train))
        arrays[INJECTED_PAIRS] = np.stack([position[n + taken[:, 0]], position[taken[:, 1]]], axis=1)
        facts |= {"injected_images": len(injected), "pairs_left_out": int((~usable).sum())}
        print(
            f"{len(injected)} test images moved into the training set, in {len(taken)} pairs; "
            f"{facts['pairs_left_out']} pairs left out, as their training image is not in the training set or their "
            "class not in the subset"
        )
    return arrays, facts


def stratified(labels: np.ndarray, points, rng: np.random.Generator, class_names: list[str]) -> np.ndarray:
    """Sorted positions of `points` random elements ("all" for every one), the classes in their proportions.

    Shares are rounded by largest remainders, so that they add up.

    Args:
        labels: (n,) 0 to C - 1. class_names: (C,) for messages.

    Raises:
        ValueError: when there are fewer than `points`, or a class would be left without any.
    """
    if points == "all":
        return np.arange(len(labels))
    if points > len(labels):
        raise ValueError(f"a subset of {points} points was asked for, but there are only {len(labels)}")
    counts = np.bincount(labels, minlength=len(class_names))
    share, remainder = np.divmod(counts * points, len(labels))
    share[np.argsort(-remainder, kind="stable")[: points - share.sum()]] += 1
    absent = np.flatnonzero((share == 0) & (counts > 0))
    if len(absent):
        raise ValueError(
            f"a subset of {points} points would have none of class '{class_names[absent[0]]}', which has "
            f"{counts[absent[0]]} of {len(labels)}; ask for more points, or leave the class out"
        )
    chosen = [rng.choice(np.flatnonzero(labels == c), k, replace=False) for c, k in enumerate(share)]
    return np.sort(np.concatenate(chosen))


def flip(
    labels: np.ndarray, rate: float, classes: int, allowed: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Give a share of the labels another class, each other class with the same probability.

    Args:
        labels: (n,). rate: share of the allowed labels, rounded to a whole number of them. allowed: (n,) bool.

    Returns:
        labels (n,), and (n,) bool: which were flipped.
    """
    candidates = np.flatnonzero(allowed)
    rows = rng.choice(candidates, round(rate * len(candidates)), replace=False)
    flipped = np.zeros(len(labels), dtype=bool)
    flipped[rows] = True
    changed = labels.copy()
    changed[rows] = (labels[rows] + rng.integers(1, classes, len(rows))) % classes
    return changed, flipped


def read_pairs(path) -> np.ndarray:
    """(p, 2) int64 test and training rows from the columns test_index and train_index of a CSV file; none for None.

    Raises:
        ValueError: one sentence, when the file cannot be read or is no CSV in UTF-8, a column is missing, a cell is no
            whole number, or there is no row.
    """
    if path is None:
        return np.empty((0, 2), dtype=np.int64)
    unreadable.require(path)
    try:
        with unreadable.explained(path), open(path, newline="", encoding="utf-8-sig") as file:
            pairs = _pairs(path, csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        kind = file_kinds.of(path)
        reason = kind if kind and kind != file_kinds.TEXT else f"not text in UTF-8 ({error})"
        raise ValueError(f"{path} is no CSV file but {reason}; save it as CSV in UTF-8") from None
    if not pairs:
        raise ValueError(f"{path} holds no pair; inject needs at least one, or leave it empty")
    return np.unique(np.array(pairs, dtype=np.int64), axis=0)


def _pairs(path, rows: csv.DictReader) -> list[tuple[int, int]]:
    """The two columns of the rows; ValueError as in `read_pairs`."""
    missing = {"test_index", "train_index"} - set(rows.fieldnames or [])
    if missing:
        raise ValueError(
            f"{path} has no column {sorted(missing)[0]}; inject needs test_index and train_index, found "
            f"{', '.join(rows.fieldnames or ['nothing'])}"
        )
    pairs = []
    for row in rows:
        try:
            pairs.append((int(row["test_index"]), int(row["train_index"])))
        except (TypeError, ValueError):
            raise ValueError(
                f"{path}, line {rows.line_num}, has test_index {row['test_index']!r} and train_index "
                f"{row['train_index']!r}; both must be whole numbers"
            ) from None
    return pairs


def _check_pairs(pairs: np.ndarray, n: int, m: int) -> None:
    for column, name, count in ((0, "test_index", m), (1, "train_index", n)):
        wrong = pairs[(pairs[:, column] < 0) | (pairs[:, column] >= count), column]
        if len(wrong):
            raise ValueError(f"inject names {name} {wrong[0]}; allowed are 0 to {count - 1}")


def _rows(source: dict[str, np.ndarray], name: str, index: np.ndarray) -> np.ndarray:
    """Rows of `name`_train and, from n on, of `name`_test."""
    train, test = source[f"{name}_train"], source.get(f"{name}_test")
    n = len(source["y_train"])
    from_test = index >= n
    if from_test.all():
        return test[index - n]
    rows = train[np.where(from_test, 0, index)]
    if from_test.any():
        rows[from_test] = test[index[from_test] - n]
    return rows
