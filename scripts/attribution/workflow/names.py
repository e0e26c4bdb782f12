"""Names of the settings as regular expressions, for Snakemake's wildcards."""

import re
from collections.abc import Iterable


def one_of(names: Iterable[str]) -> str:
    """Regular expression of these names; it matches nothing where there are none."""
    return "|".join(map(re.escape, names)) or "(?!)"


def loaded_by(config: dict, *loaders: str) -> str:
    """Regular expression of the data sets with one of these loaders."""
    return one_of(name for name, dataset in config["datasets"].items() if dataset["loader"] in loaders)


def not_loaded_by(config: dict, *loaders: str) -> str:
    """Regular expression of all other data sets."""
    return one_of(name for name, dataset in config["datasets"].items() if dataset["loader"] not in loaders)


def built_as(config: dict, *architectures: str) -> str:
    """Regular expression of the models of one of these architectures."""
    return one_of(name for name, recipe in config["models"].items() if recipe["architecture"] in architectures)


def not_built_as(config: dict, *architectures: str) -> str:
    """Regular expression of all other models."""
    return one_of(name for name, recipe in config["models"].items() if recipe["architecture"] not in architectures)
