"""The error of a setting that cannot be."""

import json
from collections.abc import Iterable


class SettingError(ValueError):
    """A setting that cannot be; the message names the key, the value found and what is allowed."""


def one_of(key: str, value, allowed: Iterable) -> None:
    """Raise SettingError unless `value` is among `allowed`."""
    if value not in allowed:
        known = ", ".join(map(str, allowed))
        raise SettingError(f"{key} is {json.dumps(value)}, which is not defined; allowed are {known}")
