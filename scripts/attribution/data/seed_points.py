"""Training points named by an index, a subgroup's name or the user's own row or id, or drawn, and lists of them."""

import numpy as np

from attribution.data import own_rows
from attribution.settings import draws
from attribution.settings.points import alone, is_draw, is_own, named


def central(x: np.ndarray, subgroup: np.ndarray, number: int) -> int:
    """Index of the member of a subgroup that is nearest to the subgroup's mean.

    Args:
        x: (n, ...) samples. subgroup: (n,) numbers. number: the subgroup.

    Raises:
        ValueError: when the subgroup has no member.
    """
    members = np.flatnonzero(subgroup == number)
    if not len(members):
        raise ValueError(f"subgroup {number} has no training point; name another, or take a larger subset of the data")
    flat = x[members].reshape(len(members), -1).astype(np.float64)
    return int(members[np.argmin(((flat - flat.mean(axis=0)) ** 2).sum(axis=1))])


# rows and ids of the training points, see `own_rows.places`; None where no point is named by one
Own = dict[str, dict[int | str, int]] | None


def own_of(data: str, *lists: list) -> Own:
    """Rows and ids of the training points of data.h5, where a point of the lists is named by one; else None."""
    if not any(True for points in lists for _ in named(points)):
        return None
    return own_rows.places(own_rows.of(data, "train"))


def numbers(points: list, own: Own, where: str) -> list[int]:
    """Training indices of points given as such, or as rows and ids of the user's own, each once.

    Args:
        own: see `own_of`. where: the setting, for the message.

    Raises:
        ValueError: one sentence, for a row or id that no training point has.
    """
    return list(dict.fromkeys(_of_own(point, own, where) if is_own(point) else point for point in alone(points)))


def _of_own(point: dict, own: Own, where: str) -> int:
    ((kind, name),) = point.items()
    return own_rows.index(own, kind, name, where)


def resolve(
    points: list,
    x: np.ndarray,
    subgroup: np.ndarray,
    subgroup_names: list[str],
    own: Own = None,
    where: str = "influence.targets",
) -> list[int]:
    """Training indices of points given as indices, subgroup names, or rows and ids of the user's own, `{row: 17}`;
    without names, subgroups go by their numbers.

    Args:
        own: see `own_of`. where: what names the points, for the message.

    Raises:
        ValueError: when a name is no subgroup, an index is not below n, or no training point has a row or id.
    """
    indices = []
    for point in alone(points):
        if is_own(point):
            indices.append(_of_own(point, own, where))
        elif isinstance(point, str):
            indices.append(central(x, subgroup, _number(point, subgroup, subgroup_names)))
        elif 0 <= point < len(x):
            indices.append(int(point))
        else:
            raise ValueError(f"training index {point} does not exist; allowed are indices below {len(x)}")
    return indices


def _number(name: str, subgroup: np.ndarray, subgroup_names: list[str]) -> int:
    known = subgroup_names or [str(number) for number in range(subgroup.max() + 1)]
    if name not in known:
        raise ValueError(f"'{name}' is no subgroup of the data; allowed are {', '.join(known)}")
    return known.index(name)


def seeds(
    points: list,
    x: np.ndarray,
    y: np.ndarray,
    subgroup: np.ndarray,
    subgroup_names: list[str],
    excluded: list[int],
    own: Own = None,
    where: str = "groups.seeds",
) -> tuple[list[str], list[int]]:
    """Names and training indices of seed points: indices, names, rows and ids (see `resolve`), and draws.

    Args:
        points: indices, names, rows, ids, and draws `{random: 10, seed: 0}`, `{each_class: 1, seed: 0}` or
            `{each_subgroup: 1, seed: 0}`, so many points in all, of each label or of each subgroup; with `most` no more
            than that, as many of each label as it leaves, see `draws`.
        x: (n, ...). y, subgroup: (n,). subgroup_names: in the order of their numbers. excluded: indices, never drawn.
        own: see `own_of`. where: what names the points, for the message.

    Returns:
        names, one a seed, and indices, all different.

    Raises:
        ValueError: when there are too few points to draw from, or a seed is named twice.
    """
    names, found = starts(points, x, y, subgroup, subgroup_names, excluded, own, where)
    return names, [index for (index,) in found]


def starts(
    points: list,
    x: np.ndarray,
    y: np.ndarray,
    subgroup: np.ndarray,
    subgroup_names: list[str],
    excluded: list[int],
    own: Own = None,
    where: str = "groups.seeds",
) -> tuple[list[str], list[list[int]]]:
    """Names and members of what groups grow from: seed points as in `seeds`, and lists of all but draws.

    Args:
        points: as in `seeds`; of an entry that is a list all points are in the group. The others as in `seeds`.

    Returns:
        names, one a start ("17 + subgroup 0 + row 3" of a list), and its training indices in the order given.

    Raises:
        ValueError: as `seeds`, and when a list has a point twice, or two entries are the same points.
    """
    found_names, found = [], []
    allowed = np.setdiff1d(np.arange(len(x)), np.array(excluded, dtype=np.int64))
    for point in alone(points):
        if not is_draw(point):
            together = alone(point) if isinstance(point, list) else [point]
            found.append(resolve(together, x, subgroup, subgroup_names, own, where))
            found_names.append(" + ".join(_said(one, subgroup, subgroup_names) for one in together))
            continue
        rng = np.random.default_rng(point["seed"])
        kind = draws.kind_of(point)
        by = {"random": np.zeros(len(x), dtype=np.int64), "each_class": y, "each_subgroup": subgroup}[kind]
        parts = np.unique(by)
        count = draws.each(point, len(parts))
        if len(parts) * count > point.get("most", np.inf):
            parts = np.sort(rng.choice(parts, point["most"], replace=False))
        for number in parts:
            # what an earlier point names is not drawn again
            pool = np.setdiff1d(allowed[by[allowed] == number], [index for start in found for index in start])
            if len(pool) < count:
                of = "" if kind == "random" else f" of {kind.removeprefix('each_')} {number}"
                raise ValueError(f"seeds ask for {kind} {count}, but only {len(pool)} points{of} are left to draw from")
            found += [[index] for index in rng.choice(pool, count, replace=False).tolist()]
            part = "" if kind == "random" else f" {number}"
            found_names += [f"{kind}{part}, draw {i + 1}" for i in range(count)]
    _refuse_repetitions(found)
    return found_names, found


def _said(point, subgroup: np.ndarray, subgroup_names: list[str]) -> str:
    """A point that is not drawn, in words."""
    if is_own(point):
        return " ".join(map(str, *point.items()))
    return f"subgroup {_number(point, subgroup, subgroup_names)}" if isinstance(point, str) else str(point)


def _refuse_repetitions(starts: list[list[int]]) -> None:
    seen = set()
    for start in starts:
        twice = [index for index in start if start.count(index) > 1]
        if twice:
            raise ValueError(f"training index {twice[0]} is in a group of seeds more than once; name each point once")
        if frozenset(start) in seen and len(start) == 1:
            raise ValueError(f"training index {start[0]} is a seed more than once; name each seed once, draws after it")
        if frozenset(start) in seen:
            raise ValueError(f"training indices {start} are a group of seeds more than once; name each group once")
        seen.add(frozenset(start))
