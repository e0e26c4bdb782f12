"""Check the configuration before any job starts: one sentence for the first thing that is wrong."""

import json

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

LOOKUPS = {"dataset": "datasets", "model": "models", "compared": "models", "recipes": "models"}


class SettingError(ValueError):
    """A setting that cannot be; the message names the key, the value found and what is allowed."""


def check(config: dict, schema: dict) -> None:
    """Validate types, ranges and names, then the references between sections.

    Raises:
        SettingError: one sentence.
    """
    error = best_match(Draft202012Validator(schema).iter_errors(config))
    if error is not None:
        raise SettingError(_sentence(error))
    for study, settings in config["studies"].items():
        for key, section in LOOKUPS.items():
            values = settings[key] if isinstance(settings[key], list) else [settings[key]]
            for value in values:
                _one_of(f"studies.{study}.{key}", value, config[section])
        names = subgroups(config["datasets"][settings["dataset"]])
        for key in ("target", "other"):
            _one_of(f"studies.{study}.{key}", settings[key], names)
        _group_size(config, settings["dataset"])
    for name, recipe in config["models"].items():
        interval = recipe.get("rescale", {}).get("from", [0, 1])
        if interval[0] == interval[1]:
            raise SettingError(f"models.{name}.rescale.from is {interval}; allowed are two different numbers")
    for variant in config["evaluation"]["variants"]:
        _one_of("evaluation.variants", variant, config["groups"]["variants"])
    for name, dataset in config["datasets"].items():
        for index, disc in enumerate(dataset["discs"]):
            _one_of(f"datasets.{name}.discs[{index}].class", disc["class"], dataset["class_names"])


def subgroups(dataset: dict) -> list[str]:
    """Names of a data set's subgroups, in the order of their numbers."""
    return [disc["name"] for disc in dataset["discs"]]


def group(groups: dict, variant: str) -> dict:
    """The settings of Algorithm 1 with a variant's changes.

    Args:
        groups: section `groups`. variant: its name, or "" for the section's own values.
    """
    base = {key: value for key, value in groups.items() if key != "variants"}
    return base | (groups["variants"][variant] if variant else {})


def _group_size(config: dict, dataset: str) -> None:
    n = sum(disc["train"] for disc in config["datasets"][dataset]["discs"])
    for variant in ("", *config["groups"]["variants"]):
        settings = group(config["groups"], variant)
        where = f"groups.variants.{variant}" if variant else "groups"
        if settings["size"] > n - len(settings["excluded"]):
            raise SettingError(
                f"{where}.size is {settings['size']}, but data set '{dataset}' has {n} training points, of which "
                f"{len(settings['excluded'])} are excluded; allowed is at most {n - len(settings['excluded'])}"
            )
        for seed in settings["seeds"]:
            if isinstance(seed, int) and seed >= n:
                raise SettingError(f"{where}.seeds holds {seed}; allowed are indices below {n}")
            if isinstance(seed, str):
                _one_of(f"{where}.seeds", seed, subgroups(config["datasets"][dataset]))


def _one_of(key: str, value, allowed) -> None:
    if value not in allowed:
        raise SettingError(f"{key} is {json.dumps(value)}, which is not defined; allowed are {', '.join(allowed)}")


def _sentence(error) -> str:
    path = list(error.absolute_path)
    found = json.dumps(error.instance, default=str)
    found = found if len(found) < 80 else found[:77] + "..."
    if error.validator == "additionalProperties":
        known = [name for name, allowed in error.schema.get("properties", {}).items() if allowed is not False]
        unknown = sorted(set(error.instance) - set(known))
        return f"{_key([*path, unknown[0]])} is not a setting; allowed here are {', '.join(known)}"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{_key([*path, missing[0]])} is missing; set it as in config/config.yaml"
    return f"{_key(path)} is {found}; allowed is {_allowed(error)}"


def _key(path: list) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "the config"


def _allowed(error) -> str:
    wanted = error.validator_value
    ends = {"minimum": "{} or more", "exclusiveMinimum": "more than {}",
            "maximum": "{} or less", "exclusiveMaximum": "less than {}"}  # fmt: skip
    if error.validator in ends:
        # both ends, so that the reader need not try a second time
        return " and ".join(form.format(error.schema[end]) for end, form in ends.items() if end in error.schema)
    words = {
        "enum": lambda: "one of " + ", ".join(map(json.dumps, wanted)),
        "const": lambda: json.dumps(wanted),
        "type": lambda: f"a value of type {wanted if isinstance(wanted, str) else ' or '.join(wanted)}",
        "minItems": lambda: f"a list of {wanted} or more values",
        "maxItems": lambda: f"a list of at most {wanted} values",
        "uniqueItems": lambda: "a list without repetitions",
        "minLength": lambda: "a text that is not empty",
        "pattern": lambda: f"a name of the form {wanted}",
    }
    return words.get(error.validator, lambda: error.message)()
