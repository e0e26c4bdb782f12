"""Points that settings name by the user's own row, `{row: 17}`, or id, `{id: name}`, or several of them in a list.

Where a bare number is a position in data.h5, which is shuffled.
"""

from collections.abc import Iterator

OWN = ("row", "id")


def is_own(point) -> bool:
    """Whether a point is named by its row or id, and no draw, name or position."""
    return isinstance(point, dict) and any(kind in point for kind in OWN)


def is_draw(point) -> bool:
    """Whether it stands for points that are drawn, see `draws`."""
    return isinstance(point, dict) and not is_own(point)


def alone(points: list) -> list:
    """The same points, each by itself where several are named together: `{row: 3}`, `{row: 17}` of `{row: [3, 17]}`."""
    found = []
    for point in points:
        ((kind, names),) = point.items() if is_own(point) else [("", None)]
        found += [{kind: name} for name in names] if isinstance(names, list) else [point]
    return found


def named(points: list) -> Iterator[tuple[str, int | str]]:
    """Kind, of OWN, and name of every point that is named so, also in lists among the points."""
    for point in alone(points):
        if isinstance(point, list):
            yield from named(point)
        elif is_own(point):
            yield from point.items()
