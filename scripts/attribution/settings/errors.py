"""The error of a setting that cannot be, and how it is named."""

import json
from collections.abc import Iterable


class SettingError(ValueError):
    """A setting that cannot be; the message names the key, the value found and what is allowed."""


def one_of(key: str, value, allowed: Iterable) -> None:
    """Raise SettingError unless `value` is among `allowed`."""
    if value not in allowed:
        known = ", ".join(map(str, allowed))
        found = json.dumps(value, ensure_ascii=False)
        raise SettingError(f"{key} is {found}, which is not defined; allowed are {known}")


def key_of(path: list) -> str:
    """A setting's name from its keys and positions: groups.seeds[0].random."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).lstrip(".") or "the config"
