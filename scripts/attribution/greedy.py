"""Algorithm 1: grow functioning groups from seed points, one member a step, many groups at once."""

import hashlib
from typing import NamedTuple

import numpy as np

from attribution import influence

RULES = ("influence", "objective", "theta-relative", "l-relative")
# Scores closer than this, relative to the best, differ by rounding only and count as tied.
TIE_TOLERANCE = 1e-10


class Group(NamedTuple):
    """`members` (size,) in order of selection, seeds first; `normalised_influence` (size,) I(G,G)/|G| after each
    step; `ties` number of steps that a seeded rule decided; `peak` size at the largest normalised influence."""

    members: np.ndarray
    normalised_influence: np.ndarray
    ties: int
    peak: int


def tie_keys(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Order for ties that depends on what a point is, not on where it stands.

    Returns:
        (n,) uint64, a keyed hash of each sample and label; a permutation of the points permutes it.
    """
    key = int(seed).to_bytes(8, "little", signed=True)
    rows = (hashlib.blake2b(np.ascontiguousarray(a).tobytes() + int(b).to_bytes(8, "little"), digest_size=8, key=key)
            for a, b in zip(x, y, strict=True))  # fmt: skip
    return np.array([int.from_bytes(row.digest(), "little") for row in rows], dtype=np.uint64)


def criterion(rule: str, s: np.ndarray, own: np.ndarray, step_norm: np.ndarray) -> np.ndarray:
    """The selection rule on s_x = g_x^T v.

    Args:
        s: (n, b) scores. own: (n,) I(x, x). step_norm: (n,) ||H^-1 g_x||.

    Returns:
        (n, b). `influence` s; `objective` 2 s + I(x, x) (report, definition 3.2); `theta-relative` s / ||H^-1 g_x||
        (Barshan 2020); `l-relative` s / sqrt(I(x, x)), with v summed over members of unit length.
    """
    if rule == "influence":
        return s
    if rule == "objective":
        return 2 * s + own[:, None]
    if rule == "theta-relative":
        return s / step_norm[:, None]
    if rule == "l-relative":
        return s / np.sqrt(own)[:, None]
    raise ValueError(f"rule is '{rule}'; allowed are {', '.join(RULES)}")


def grow(
    features: np.ndarray,
    residuals: np.ndarray,
    solve: influence.Solve,
    own: np.ndarray,
    step_norm: np.ndarray,
    seeds: list[list[int]],
    size: int,
    rule: str,
    direction: str,
    keys: np.ndarray,
    excluded: np.ndarray | None = None,
    stop: str = "size",
) -> list[Group]:
    """Grow one group from each list of seeds.

    Args:
        features, residuals: (n, D), (n, C), the factors of all gradients.
        solve: (k, b) -> (k, b), the damped inverse Hessian.
        own, step_norm: (n,) from `influence.self_influence`.
        seeds: the members that must be in, for each group.
        size: members at the end.
        rule: see `criterion`. direction: `max` or `min`. keys: (n,) from `tie_keys`.
        excluded: members that must be out.
        stop: `size`, or `peak` (cut at the largest I(G,G)/|G|).

    Returns:
        one Group a seed list. A step costs one solve and one pass over the factors, whatever the group's size.

    Raises:
        ValueError: when seeds are empty or excluded, or too few points are allowed, or gradients of length zero
            meet a relative rule.
    """
    n, b = len(features), len(seeds)
    if direction not in ("max", "min") or stop not in ("size", "peak"):
        raise ValueError(f"direction is '{direction}' and stop '{stop}'; allowed are max or min, and size or peak")
    allowed = np.ones((n, b), dtype=bool)
    allowed[[] if excluded is None else excluded] = False
    for j, group in enumerate(seeds):
        if not group or not allowed[group, j].all():
            raise ValueError(f"group {j} has seeds {group}; it needs at least one, and none that must be out")
        allowed[group, j] = False
    if size > (allowed.sum(axis=0) + [len(g) for g in seeds]).min():
        raise ValueError(
            f"group size is {size}, but only {int(allowed.sum(axis=0).min())} points may be added to a group"
        )
    if rule in ("theta-relative", "l-relative") and not (own > 0).all():
        raise ValueError(f"{int((own <= 0).sum())} points have a zero gradient, which rule '{rule}' cannot compare")
    weight = 1 / np.sqrt(own) if rule == "l-relative" else np.ones(n)
    sign = 1.0 if direction == "max" else -1.0
    k = features.shape[1] * residuals.shape[1]
    raw, v = np.zeros((k, b)), np.zeros((k, b))
    total = np.zeros(b)
    members, path, ties = [[] for _ in seeds], [[] for _ in seeds], np.zeros(b, dtype=np.int64)

    def add(chosen: dict[int, int]) -> None:
        columns, points = np.array(list(chosen)), np.array(list(chosen.values()))
        g = influence.gradients(features[points], residuals[points])
        # I(G + x, G + x) = I(G, G) + 2 g_x . v + I(x, x)
        total[columns] += 2 * np.einsum("ij,ji->i", g, raw[:, columns]) + own[points]
        solved = solve(g.T)
        raw[:, columns] += solved
        v[:, columns] += solved * weight[points]
        for j, x in chosen.items():
            members[j].append(x)
            path[j].append(total[j] / len(members[j]))

    for rank in range(max(map(len, seeds))):
        add({j: group[rank] for j, group in enumerate(seeds) if rank < len(group)})
    while min(map(len, members)) < size:
        value = sign * criterion(rule, influence.scores(features, residuals, v), own, step_norm)
        value[~allowed] = -np.inf
        chosen = {}
        for j in range(b):
            if len(members[j]) >= size:
                continue
            best = value[:, j].max()
            tied = np.flatnonzero(value[:, j] >= best - TIE_TOLERANCE * abs(best))
            ties[j] += len(tied) > 1
            chosen[j] = int(tied[np.argmin(keys[tied])])
            allowed[chosen[j], j] = False
        add(chosen)
    groups = []
    for j in range(b):
        peak = int(np.argmax(path[j])) + 1
        end = max(peak, len(seeds[j])) if stop == "peak" else None
        groups.append(Group(np.array(members[j][:end]), np.array(path[j][:end]), int(ties[j]), peak))
    return groups
