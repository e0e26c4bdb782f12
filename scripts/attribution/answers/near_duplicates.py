"""Pairs of points that are nearly the same, found without knowing any: nearest by score, the highest first."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from attribution.data.own_rows import Own
from attribution.influence import points as influence

# of queries, whose scores of all training points are held at a time
BLOCK = 512
PARTS = ("train", "test")
COLUMNS = [
    "score", "of", "rank", "value", "row", "id", "label", "other_row", "other_id", "other_label", "same_label",
]  # fmt: skip


def nearest(
    score: Callable[[np.ndarray], np.ndarray], count: int, pairs: int, within: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs of a query and its nearest training point whose score is highest.

    Args:
        score: query indices (q,) -> (q, n) scores of the training points; larger is more alike. count: queries.
        pairs: how many at most. within: whether the queries are the training points: no point is then its own
            neighbour, and a pair that both find is one.

    Returns:
        queries, neighbours (p,) and values (p,), the highest first, equal ones in the order of the queries. Cost: one
        pass over all pairs, BLOCK rows of scores in memory.
    """
    neighbours, values = np.empty(count, dtype=np.int64), np.empty(count)
    for start in range(0, count, BLOCK):
        queries = np.arange(start, min(start + BLOCK, count))
        found = np.array(score(queries))
        if within:
            found[np.arange(len(queries)), queries] = -np.inf
        neighbours[queries] = found.argmax(axis=1)
        values[queries] = found[np.arange(len(queries)), neighbours[queries]]
    order = np.argsort(-values, kind="stable")
    if within:
        both = np.sort(np.stack([order, neighbours[order]], axis=1), axis=1)
        order = order[np.sort(np.unique(both, axis=0, return_index=True)[1])]
    order = order[:pairs]
    return order, neighbours[order], values[order]


def embedding_cosine(train: np.ndarray, asked: np.ndarray) -> Callable:
    """Cosine of features, the input of the last layer, of queries (m, d) and training points (n, d); 0 of zeros."""
    units, of_queries = (
        part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), np.finfo(float).tiny)
        for part in (np.asarray(train, dtype=np.float64), np.asarray(asked, dtype=np.float64))
    )
    return lambda queries: of_queries[queries] @ units.T


def centre(train: np.ndarray, test: np.ndarray) -> None:
    """Make what the last convolution gives for training and test points, (n, d) and (m, d) float32, unit vectors less
    the mean of the training points; in place, as they are large. What is that mean becomes 0."""
    mean = train.mean(axis=0, dtype=np.float64).astype(np.float32)
    for part in (train, test):
        part -= mean
        part /= np.maximum(np.linalg.norm(part, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def l_relative(train: tuple, asked: tuple, solve: influence.Solve) -> Callable:
    """Cosine of whitened gradients, I(z, z') / sqrt(I(z, z) I(z', z')), of queries and training points.

    Args:
        train, asked: factors of gradients, (n, D) and (n, C), see `gradients.h5`. solve: the damped inverse Hessian.
    """
    own, of_queries = (
        np.sqrt(np.maximum(influence.self_influence(*part, solve)[0], np.finfo(float).tiny)) for part in (train, asked)
    )

    def score(queries: np.ndarray) -> np.ndarray:
        found = influence.all_pairs(asked[0][queries], asked[1][queries], *train, solve)
        return found / own / of_queries[queries][:, None]

    return score


def table(found: dict[tuple[str, str], tuple], rows: dict[str, Own], labels: dict[str, np.ndarray]) -> pd.DataFrame:
    """near_duplicates.csv: a row a pair, see `results.answers`.

    Args:
        found: of each score and part of the queries what `nearest` gives. rows: own rows and ids of each part.
        labels: (n,) names of each part.
    """
    frames = []
    for (score, part), (queries, others, values) in found.items():
        frames.append(pd.DataFrame({
            "score": score, "of": part, "rank": 1 + np.arange(len(queries)), "value": values,
            "row": rows[part].rows[queries], "id": rows[part].ids[queries], "label": labels[part][queries],
            "other_row": rows["train"].rows[others], "other_id": rows["train"].ids[others],
            "other_label": labels["train"][others],
            "same_label": labels[part][queries] == labels["train"][others],
        }))  # fmt: skip
    return pd.concat(frames, ignore_index=True)[COLUMNS]
