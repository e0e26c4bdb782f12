"""Attributes that every result file carries: what it is of, which rule made it, with which settings."""

import json


def attributes(rule: str, wildcards: dict, params: dict) -> dict:
    """Attributes of a result file.

    Args:
        rule: that makes the file. wildcards: `dataset`, `model`, `seed` and others, as text. params: settings.

    Returns:
        the wildcards, the seed as a number, `created_by`, and `settings` as JSON.
    """
    named = {name: int(value) if name == "seed" else str(value) for name, value in wildcards.items()}
    return named | {"created_by": rule, "settings": json.dumps(settings(params), sort_keys=True)}


def settings(params: dict) -> dict:
    """A rule's parameters without the digests of its files, by which Snakemake decides what to run."""
    return {name: value for name, value in params.items() if name != "digests"}
