"""Algorithm 1 on the scores of any attribution method: the next member has the largest sum of scores with the group."""

from collections.abc import Callable

import numpy as np

from attribution.groups import greedy


def grow(
    pairs: Callable[[np.ndarray], np.ndarray],
    n: int,
    seeds: list[list[int]],
    size: int,
    direction: str,
    keys: np.ndarray,
    excluded: np.ndarray | None = None,
) -> list[greedy.Group]:
    """Grow one group from each list of seeds; with the pairs of influence this is rule `influence` of `greedy.grow`.

    Args:
        pairs: training indices (t,) -> (t, n) scores s, row = target, column = training point.
        n: training points. seeds, size, direction, keys, excluded: as in `greedy.grow`.

    Returns:
        one Group a seed list, in which the scores stand for influence: I(G, G) is the sum of all scores within the
        group, and the cosine is that of vectors whose inner products the scores are, 0 with a point whose score with
        itself is not positive. A step scores the new members only.

    Raises:
        ValueError: as `greedy.grow`; when a score is NaN.
    """
    b = len(seeds)
    allowed = greedy.allowed_members(n, seeds, size, direction, excluded)
    v, unit = np.zeros((n, b)), np.zeros((n, b))
    total, unit_total = np.zeros(b), np.zeros(b)
    members, path, cosine = [[] for _ in seeds], [[] for _ in seeds], [[] for _ in seeds]
    ties = np.zeros(b, dtype=np.int64)

    def add(chosen: dict[int, int]) -> None:
        scores = np.asarray(pairs(np.array(list(chosen.values()))), dtype=np.float64)
        if np.isnan(scores).any():
            raise ValueError("the scores of pairs hold NaN, and no group can be grown by them")
        for (j, x), row in zip(chosen.items(), scores, strict=True):
            own = row[x]
            inverse_length = 1 / np.sqrt(own) if own > 0 else 0.0
            along = unit[x, j] * inverse_length
            angle = along / np.sqrt(unit_total[j]) if unit_total[j] > 0 else 0.0
            cosine[j].append(angle if members[j] else 1.0)
            total[j] += v[x, j] + row[members[j]].sum() + own
            unit_total[j] += 2 * along + (own > 0)
            v[:, j] += row
            unit[:, j] += row * inverse_length
            members[j].append(x)
            path[j].append(total[j] / len(members[j]))

    for rank in range(max(map(len, seeds))):
        add({j: group[rank] for j, group in enumerate(seeds) if rank < len(group)})
    while min(map(len, members)) < size:
        chosen = {}
        for j in range(b):
            if len(members[j]) < size:
                chosen[j], tied = greedy.pick(v[:, j], direction, allowed[:, j], keys)
                ties[j] += tied
                allowed[chosen[j], j] = False
        add(chosen)
    return [greedy.finished(members[j], path[j], cosine[j], ties[j]) for j in range(b)]
