"""Algorithm 1: grow functioning groups from seed points, one member a step, many groups at once."""

import hashlib
from typing import NamedTuple

import numpy as np

from attribution.influence import points as influence

RULES = ("influence", "objective", "theta-relative", "l-relative")
# Rules that do not depend on the length of a candidate's gradient.
RELATIVE = ("theta-relative", "l-relative")
# Scores closer than this, relative to the best, differ by rounding only and count as tied.
TIE_TOLERANCE = 1e-10


class Group(NamedTuple):
    """`members` (size,) in order of selection, seeds first; `normalised_influence` (size,) I(G,G)/|G| after each step;
    `cosine` (size,) between the whitened gradient of each new member and the sum of its predecessors' at length 1 (else
    a few members of large gradient would decide it), 1 for the first; `ties` number of steps that a seeded rule
    decided; `peak` size at the largest normalised influence."""

    members: np.ndarray
    normalised_influence: np.ndarray
    cosine: np.ndarray
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


def member_weights(rule: str, own: np.ndarray) -> np.ndarray:
    """(n,) factor of each member in the sum that scores are taken against: 1 / sqrt(I(x, x)) for l-relative, else 1.

    Raises:
        ValueError: when gradients of length zero meet a relative rule.
    """
    if rule in RELATIVE and not (own > 0).all():
        raise ValueError(
            f"{int((own <= 0).sum())} points have a self-influence of exactly zero (a gradient of zero or too small to "
            f"be squared), which rule '{rule}' cannot compare; use rule influence or objective, or a network "
            "that is less certain of its training labels"
        )
    return 1 / np.sqrt(own) if rule == "l-relative" else np.ones(len(own))


def allowed_members(
    n: int, seeds: list[list[int]], size: int, direction: str, excluded: np.ndarray | None
) -> np.ndarray:
    """(n, groups) bool: who may still join, after checking what was asked for (see `grow`)."""
    if direction not in ("max", "min"):
        raise ValueError(f"direction is '{direction}'; allowed are max or min")
    allowed = np.ones((n, len(seeds)), dtype=bool)
    allowed[[] if excluded is None else excluded] = False
    for j, group in enumerate(seeds):
        if not group or not allowed[group, j].all():
            raise ValueError(f"group {j} has seeds {group}; it needs at least one, and none that must be out")
        allowed[group, j] = False
    if size > (allowed.sum(axis=0) + [len(g) for g in seeds]).min():
        raise ValueError(
            f"group size is {size}, but only {int(allowed.sum(axis=0).min())} points may be added to a group"
        )
    return allowed


def pick(value: np.ndarray, direction: str, allowed: np.ndarray, keys: np.ndarray) -> tuple[int, bool]:
    """The allowed point of largest or smallest value, and whether `keys` had to decide between equals.

    Args:
        value: (n,). direction: `max` or `min`. allowed: (n,) bool. keys: (n,) from `tie_keys`.
    """
    signed = np.where(allowed, value if direction == "max" else -value, -np.inf)
    best = signed.max()
    tied = np.flatnonzero(signed >= best - TIE_TOLERANCE * abs(best))
    return int(tied[np.argmin(keys[tied])]), len(tied) > 1


def finished(members: list, path: np.ndarray, cosine: np.ndarray, ties: int) -> Group:
    """The group of these members, in order of selection, with what is known after each."""
    return Group(np.array(members), np.array(path), np.array(cosine), int(ties), int(np.argmax(path)) + 1)


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

    Returns:
        one Group a seed list. A step costs one solve and one pass over the factors, whatever the group's size.

    Raises:
        ValueError: when seeds are empty or excluded, or too few points are allowed, or gradients of length zero
            meet a relative rule.
    """
    b = len(seeds)
    allowed = allowed_members(len(features), seeds, size, direction, excluded)
    weight = member_weights(rule, own)
    k = features.shape[1] * residuals.shape[1]
    raw, v, unit = np.zeros((k, b)), np.zeros((k, b)), np.zeros((k, b))
    total, unit_total = np.zeros(b), np.zeros(b)
    members, path, cosine = [[] for _ in seeds], [[] for _ in seeds], [[] for _ in seeds]
    ties = np.zeros(b, dtype=np.int64)

    def add(chosen: dict[int, int]) -> None:
        columns, points = np.array(list(chosen)), np.array(list(chosen.values()))
        g = influence.gradients(features[points], residuals[points])
        shared = np.einsum("ij,ji->i", g, raw[:, columns])
        inverse_length = 1 / np.sqrt(np.where(own[points] > 0, own[points], np.inf))
        along = np.einsum("ij,ji->i", g, unit[:, columns]) * inverse_length
        angle = along / np.sqrt(np.where(unit_total[columns] > 0, unit_total[columns], np.inf))
        # I(G + x, G + x) = I(G, G) + 2 g_x . v + I(x, x)
        total[columns] += 2 * shared + own[points]
        unit_total[columns] += 2 * along + 1
        solved = solve(g.T)
        raw[:, columns] += solved
        v[:, columns] += solved * weight[points]
        unit[:, columns] += solved * inverse_length
        for (j, x), c in zip(chosen.items(), angle, strict=True):
            cosine[j].append(c if members[j] else 1.0)
            members[j].append(x)
            path[j].append(total[j] / len(members[j]))

    for rank in range(max(map(len, seeds))):
        add({j: group[rank] for j, group in enumerate(seeds) if rank < len(group)})
    while min(map(len, members)) < size:
        value = criterion(rule, influence.scores(features, residuals, v), own, step_norm)
        chosen = {}
        for j in range(b):
            if len(members[j]) < size:
                chosen[j], tied = pick(value[:, j], direction, allowed[:, j], keys)
                ties[j] += tied
                allowed[chosen[j], j] = False
        add(chosen)
    return [finished(members[j], path[j], cosine[j], ties[j]) for j in range(b)]
