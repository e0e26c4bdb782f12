"""How many points a draw of seed points gives: `{random: 10}`, `{each_class: 1}` or `{each_subgroup: 1, most: 100}`."""

import json
from collections.abc import Iterator

from attribution.settings.errors import SettingError
from attribution.settings.points import is_own

KINDS = ("random", "each_class", "each_subgroup")


def kind_of(draw: dict) -> str:
    """Which of KINDS a draw is."""
    return next(kind for kind in KINDS if kind in draw)


def each(draw: dict, parts: int) -> int:
    """Points that are drawn of each of so many classes or subgroups: what is asked for, or what `most` leaves of it.

    At least one: where `most` is below the number of parts, they are drawn of `most` of them.
    """
    asked = draw[kind_of(draw)]
    return asked if "most" not in draw else max(1, min(asked, draw["most"] // parts))


def total(draw: dict, classes: int, subgroups: int) -> int:
    """Points that are drawn altogether."""
    parts = {"random": 1, "each_class": classes, "each_subgroup": subgroups}[kind_of(draw)]
    return min(parts * each(draw, parts), draw.get("most", parts * draw[kind_of(draw)]))


def check(config: dict) -> None:
    """Check that every draw of seed points is of one kind, and that no point of the user's own is drawn.

    Raises:
        SettingError: one sentence.
    """
    for where, seeds in _lists(config):
        for index, entry in enumerate(seeds):
            if not isinstance(entry, dict) or (is_own(entry) and len(entry) == 1):
                continue
            if is_own(entry) or sum(kind in entry for kind in KINDS) != 1:
                raise SettingError(
                    f"{where}[{index}] is {json.dumps(entry, ensure_ascii=False)}; allowed is one of "
                    f"{', '.join(KINDS)}, with seed and perhaps most, or row or id alone"
                )
            if "seed" not in entry:
                raise SettingError(f"{where}[{index}].seed is missing; set it, config/README.md says how")


def _lists(config: dict) -> Iterator[tuple[str, list]]:
    """Every list of seed points, and where it stands."""
    yield "overlap.seeds", config["overlap"]["seeds"]
    owners = {"groups": config["groups"]}
    owners |= {f"groups.variants.{name}": one for name, one in config["groups"]["variants"].items()}
    owners |= {f"studies.{name}.groups": one.get("groups", {}) for name, one in config["studies"].items()}
    for where, owner in owners.items():
        yield f"{where}.seeds", owner.get("seeds", [])
