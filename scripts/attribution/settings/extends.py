"""`extends: NAME` of a study, a data set or a model: it starts from another one of its section."""

import copy
import json

from attribution.settings.errors import SettingError

SECTIONS = ("studies", "datasets", "models")
KEY = "extends"


def resolved(config: dict) -> dict:
    """A copy of the settings in which every entry that extends another one holds all of its keys.

    Keys of the entry itself win; mappings in both are merged, at any depth, and lists are not. Chains are followed,
    whatever their order. What is no mapping stays, for the schema to report.

    Raises:
        SettingError: one sentence, for a name that is not in the section, or entries that extend in a circle.
    """
    config = copy.deepcopy(config)
    for section in [section for section in SECTIONS if isinstance(config.get(section), dict)]:
        entries = config[section]
        config[section] = {name: _entry(section, name, entries, ()) for name in entries}
    return config


def merged(base: dict, changes: dict) -> dict:
    """`base` with the changes: mappings in both are merged, anything else is replaced. The order is that of `base`."""
    found = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = merged(found[key], value) if both else value
    return copy.deepcopy(found)


def _entry(section: str, name, entries: dict, above: tuple):
    entry = entries[name]
    if not isinstance(entry, dict) or KEY not in entry:
        return entry
    where = f"{section}.{name}.{KEY}"
    if name in above:
        circle = " -> ".join(map(str, (*above[above.index(name) :], name)))
        raise SettingError(f"{where} closes a circle ({circle}); one of them must hold its settings itself")
    # names are texts, whether quoted or not
    names = {str(other): other for other in entries}
    wanted = entry[KEY]
    if wanted is None or isinstance(wanted, dict | list | bool) or str(wanted) not in names:
        found = json.dumps(wanted, ensure_ascii=False, default=str)
        raise SettingError(f"{where} is {found}, which is not defined; allowed are {', '.join(names)}")
    base = _entry(section, names[str(wanted)], entries, (*above, name))
    if not isinstance(base, dict):
        return base
    return merged(base, {key: value for key, value in entry.items() if key != KEY})
