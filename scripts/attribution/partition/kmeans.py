"""k-means by Lloyd's steps, many restarts at once: every pass over the points is one product with all their centres.

Seeding is that of k-means++ (Arthur and Vassilvitskii 2007). A part that loses all points takes the one that lies
farthest from its centre. The objective, to be maximised, is sum over parts of |sum_S u|^2 / |S|: the sum of squared
lengths less what k-means minimises.
"""

from typing import NamedTuple

import numpy as np

from attribution.partition import constraints as rules
from attribution.partition.vectors import Vectors, chunks, gathered


class Partition(NamedTuple):
    """`labels` (n,) int64 in [0, parts); `objectives` (restarts,), `steps` (restarts,) Lloyd's steps of each; `best`,
    the restart that the labels are of."""

    labels: np.ndarray
    objectives: np.ndarray
    steps: np.ndarray
    best: int


def partition(
    vectors: Vectors, parts: int, restarts: int, iterations: int, seed: int,
    bound: rules.Bound | None = None, keys: np.ndarray | None = None,
) -> Partition:  # fmt: skip
    """Divide the points into parts of the largest objective.

    Args:
        parts: 1 to n - 1. restarts: of the seeding, of which the best one counts. iterations: Lloyd's steps at most.
        seed: of the seeding. bound: points that must be together or apart. keys: (n,) order of the points that the
            seeding draws from, so that it depends on what a point is, not on where it stands; the file's without it.

    Raises:
        ValueError: when there are not more points than parts, or constraints allow no such partition.
    """
    if not 1 <= parts < vectors.count:
        raise ValueError(
            f"{vectors.count} points were to be divided into {parts} parts; a part of each point says nothing, "
            f"set partition.parts to 1 to {vectors.count - 1}"
        )
    bound = bound or rules.none(vectors.count)
    rules.require_room(bound, parts)
    order = np.arange(vectors.count) if keys is None else np.argsort(keys, kind="stable")
    rng = np.random.default_rng((seed, parts))
    centres = _seeded(vectors, parts, restarts, rng, order)
    labels = np.full((restarts, vectors.count), -1, dtype=np.int32)
    objectives, steps = np.zeros(restarts), np.zeros(restarts, dtype=np.int64)
    going = np.arange(restarts)
    for _ in range(iterations):
        found = _assigned(vectors, centres[going], bound)
        moved = (found != labels[going]).any(axis=1)
        labels[going] = found
        steps[going] += 1
        going = going[moved]
        if not len(going):
            break
        for run in going:
            centres[run] = _centres(vectors, labels[run], parts, bound)
    for run in range(restarts):
        labels[run] = _filled(vectors, labels[run].copy(), parts, bound)
        objectives[run] = objective(vectors, labels[run], parts)
    best = int(np.argmax(objectives))
    return Partition(_in_order(labels[best], parts, order), objectives, steps, best)


def objective(vectors: Vectors, labels: np.ndarray, parts: int) -> float:
    """Sum over parts of |sum_S u|^2 / |S|."""
    return float(normalised_influence(vectors, labels, parts).sum())


def normalised_influence(vectors: Vectors, labels: np.ndarray, parts: int) -> np.ndarray:
    """(parts,) |sum_S u|^2 / |S|: I(S, S) / |S| on whitened gradients (definition 3.1)."""
    sums = gathered(vectors, labels, parts)
    return np.einsum("kb,kb->b", sums, vectors.dual(sums)) / np.maximum(np.bincount(labels, minlength=parts), 1)


def distances(vectors: Vectors, labels: np.ndarray, parts: int) -> np.ndarray:
    """(n,) squared distance of each point to the centre of its part."""
    own = products(vectors, labels, parts)[np.arange(vectors.count), labels]
    return np.maximum(vectors.square - 2 * own, 0)


def products(vectors: Vectors, labels: np.ndarray, parts: int) -> np.ndarray:
    """(n, parts) inner product of each point with the centre of each part, less half the centre's squared length."""
    centres = _centres(vectors, labels, parts, rules.none(vectors.count))
    found = np.empty((vectors.count, parts))
    for rows in chunks(vectors.count):
        found[rows] = (vectors.scores(rows, centres[1:]) - (centres[0] / 2)[:, None]).T
    return found


def _seeded(vectors: Vectors, parts: int, restarts: int, rng: np.random.Generator, order: np.ndarray) -> np.ndarray:
    """(restarts, 1 + k, parts) centres as `_centres` has them, each drawn by its squared distance to those before."""
    centres = np.empty((restarts, 1 + vectors.width, parts))
    nearest = np.full((restarts, vectors.count), np.inf)
    for number in range(parts):
        if number == 0:
            chosen = order[rng.integers(vectors.count, size=restarts)]
        else:
            total = np.cumsum(nearest[:, order], axis=1)
            # points that all lie on chosen ones: any may be next
            total = np.where(total[:, -1:] > 0, total, np.arange(1, vectors.count + 1))
            drawn = rng.random(restarts) * total[:, -1]
            chosen = order[[int(np.searchsorted(row, at, side="right")) for row, at in zip(total, drawn, strict=True)]]
        sums = np.stack([vectors.sums(np.array([point])) for point in chosen], axis=1)
        centres[:, 1:, number] = vectors.dual(sums).T
        centres[:, 0, number] = vectors.square[chosen]
        for rows in chunks(vectors.count):
            gap = vectors.square[rows] + vectors.square[chosen][:, None]
            gap -= 2 * vectors.scores(rows, centres[:, 1:, number].T)
            np.minimum(nearest[:, rows], np.maximum(gap, 0), out=nearest[:, rows])
    return centres


def _centres(vectors: Vectors, labels: np.ndarray, parts: int, bound: rules.Bound) -> np.ndarray:
    """(1 + k, parts): squared length of each centre, and its dual; empty parts are filled first."""
    filled = _filled(vectors, labels, parts, bound)
    sizes = np.bincount(filled, minlength=parts)
    sums = gathered(vectors, filled, parts) / np.maximum(sizes, 1)
    dual = vectors.dual(sums)
    return np.concatenate([np.einsum("kb,kb->b", sums, dual)[None], dual])


def _assigned(vectors: Vectors, centres: np.ndarray, bound: rules.Bound) -> np.ndarray:
    """(runs, n) the part of the nearest centre, under the constraints."""
    runs, width, parts = centres.shape
    flat = centres.transpose(1, 0, 2).reshape(width, -1)
    labels = np.empty((runs, vectors.count), dtype=np.int32)
    tied = np.flatnonzero(bound.tied)
    costs = np.zeros((runs, parts, len(tied)))
    half = (flat[0] / 2)[:, None]
    for rows in chunks(vectors.count):
        found = vectors.scores(rows, flat[1:])
        found -= half
        found = found.reshape(runs, parts, -1)
        labels[:, rows] = found.argmax(axis=1)
        here = (tied >= rows.start) & (tied < rows.stop)
        if here.any():
            costs[:, :, here] = -found[:, :, tied[here] - rows.start]
    for run in range(runs if len(tied) else 0):
        labels[run, tied] = rules.assigned(bound, tied, costs[run])
    return labels


def _filled(vectors: Vectors, labels: np.ndarray, parts: int, bound: rules.Bound) -> np.ndarray:
    """Labels with a point in every part: an empty one takes the farthest free point of a part that keeps others."""
    sizes = np.bincount(labels, minlength=parts)
    if sizes.all():
        return labels
    labels = labels.copy()
    gap = np.where(bound.tied, -1.0, _distances_of_filled(vectors, labels, parts, sizes))
    for part in np.flatnonzero(sizes == 0):
        taken = int(np.argmax(np.where(sizes[labels] > 1, gap, -2.0)))
        if gap[taken] < 0:
            break  # every point is tied to others
        sizes[labels[taken]] -= 1
        labels[taken], gap[taken] = part, -1.0
        sizes[part] = 1
    return labels


def _distances_of_filled(vectors: Vectors, labels: np.ndarray, parts: int, sizes: np.ndarray) -> np.ndarray:
    """(n,) squared distance of each point to the centre of its part, where some parts are empty."""
    kept = np.flatnonzero(sizes)
    place = np.zeros(parts, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    return distances(vectors, place[labels], len(kept))


def _in_order(labels: np.ndarray, parts: int, order: np.ndarray) -> np.ndarray:
    """Parts numbered from the largest, equal ones by which point of the order comes first."""
    first = np.full(parts, len(labels))
    np.minimum.at(first, labels[order], np.arange(len(labels)))
    sizes = np.bincount(labels, minlength=parts)
    number = np.empty(parts, dtype=np.int64)
    number[np.lexsort((first, -sizes))] = np.arange(parts)
    return number[labels]
