"""Studies of one data set share its results, so what those depend on must be the same in all of them."""

from collections.abc import Iterable
from itertools import combinations

from attribution.settings.errors import SettingError

# keys of a study that change results which are kept by data set: sections, whose keys count each, and single ones
SECTIONS = ("groups", "influence")
SINGLE = ("target", "other", "human_labels", "removed")


def first(studies: dict, names: Iterable[str]) -> dict:
    """The studies, those of these names first: the user's own decide what the results of their data sets are."""
    own = {name: studies[name] for name in studies if name in set(names)}
    return own | studies


def difference(config: dict, one: str, other: str) -> str | None:
    """The key in which two studies of a data set differ, though its results are kept for both; None if in none."""
    a, b = (config["studies"][name] for name in (one, other))
    for section in SECTIONS:
        defaults = config[section]
        for key in [*a.get(section, {}), *b.get(section, {})]:
            values = [study.get(section, {}).get(key, defaults[key]) for study in (a, b)]
            if values[0] != values[1]:
                return f"{section}.{key}"
    for key in SINGLE:
        if a.get(key) != b.get(key):
            return key
    return None


def require(config: dict, one: str, other: str) -> None:
    """Refuse two studies of one data set that differ in what its results depend on.

    Raises:
        SettingError: one sentence with both studies and the key.
    """
    key = difference(config, one, other)
    if key:
        dataset = config["studies"][one]["dataset"]
        raise SettingError(
            f"studies.{one} and studies.{other} are both of data set '{dataset}', whose results are kept once, but "
            f"differ in {key}; give both the same, or give one a data set of its own name with the same settings"
        )


def check(config: dict, own: Iterable[str]) -> None:
    """The same of all studies at the start, but for pairs of a built-in study and one of the user's.

    A built-in study steps back there: it is refused when it is asked for.
    """
    own = set(own)
    for one, other in combinations(config["studies"], 2):
        same = config["studies"][one]["dataset"] == config["studies"][other]["dataset"]
        if same and (one in own) == (other in own):
            require(config, one, other)
