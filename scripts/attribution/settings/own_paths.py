"""Paths of the user's own files in the settings."""

import copy
import os
import re

from attribution.settings.errors import SettingError

KEYS = {
    "datasets": ("path", "archive", "inject", "test"), "models": ("path",), "studies": ("human_labels", "removed"),
    "figures": ("style",),
}  # fmt: skip
REFUSED = re.compile(r"[{}\x00-\x1f\x7f]")


def tidy(config: dict) -> dict:
    """A copy in which `~/` is the home folder and doubled slashes are one.

    Raises:
        SettingError: for braces, which Snakemake takes for wildcards in paths, and for line breaks and their like.
    """
    config = copy.deepcopy(config)
    owners = [(f"datasets.{name}", "datasets", one) for name, one in config["datasets"].items()]
    owners += [(f"models.{name}", "models", one) for name, one in config["models"].items()]
    owners += [(f"studies.{name}", "studies", one) for name, one in config["studies"].items()]
    owners += [("figures", "figures", config["figures"])]
    for where, section, owner in owners:
        for key in [key for key in KEYS[section] if isinstance(owner.get(key), str) and owner[key]]:
            if REFUSED.search(owner[key]):
                raise SettingError(
                    f"{where}.{key} is {owner[key]!r}, with a brace or a character that is not printed, which "
                    "Snakemake does not take in a path; rename the file, or give a link to it"
                )
            if "://" not in owner[key]:
                path = os.path.expanduser(owner[key]) if owner[key].startswith("~/") else owner[key]
                owner[key] = re.sub("/{2,}", "/", path)
    return config
