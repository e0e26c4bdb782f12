"""Check the configuration before any job starts: one sentence for the first thing that is wrong.

What only a study or the data of a run can tell is in `run_checks`, and asked when it is built.
"""

import copy
import json
from collections.abc import Iterable, Mapping

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from attribution.settings import (
    bootstrap,
    datasets,
    defaults,
    draws,
    extends,
    own_paths,
    result_names,
    run_checks,
    texts,
)
from attribution.settings.datasets import subgroups
from attribution.settings.errors import SettingError, key_of, one_of
from attribution.settings.run_checks import group

__all__ = ["SettingError", "check", "group", "prepared", "subgroups"]

# sections whose entries have names, and can be switched off by null
NAMED = ("studies", "datasets", "models", "targets")
# what may be sought in a recipe, as arguments of Keras's fit, and what to do
NOT_OF_RECIPES = {
    "validation_split": "points are held out from a data set, by datasets.NAME.validation_split",
    "class_weight": "it is called class_weights: balanced, or a weight for each class that you name",
}  # fmt: skip


def prepared(config: dict, schema: dict, entries: Iterable[str] = (), odd: Mapping[int, str] = {}) -> dict:
    """A copy of the settings as they are meant: without null and `extends`, texts are texts, paths are tidy, studies
    and models have their defaults, and sections with intervals hold their numbers.

    Args:
        entries: arguments of `--config`, see `texts.typed`. odd: see `texts.odd_numbers`.

    Raises:
        SettingError: one sentence.
    """
    config = extends.resolved(without_null(texts.typed(config, entries)))
    config = texts.as_texts(config, schema, odd)
    _types(config, schema)
    return bootstrap.spread(own_paths.tidy(defaults.filled(config, schema)))


def without_null(config: dict) -> dict:
    """A copy without the studies, data sets, models and variants that are null: so a built-in one is switched off."""
    config = copy.deepcopy(config)
    groups = config.get("groups")
    owners = [config.get(section) for section in NAMED] + [groups.get("variants") if isinstance(groups, dict) else None]
    for owner in [owner for owner in owners if isinstance(owner, dict)]:
        for name in [name for name, value in owner.items() if value is None]:
            del owner[name]
    return config


def check(config: dict, schema: dict, studies: Iterable[str] | None = None) -> None:
    """Validate types, ranges and names, then the references between sections.

    Args:
        studies: names of those whose references are checked now, all without it; of others they are when one is asked
            for, so that a data set or model can be switched off beside built-in studies of it.

    Raises:
        SettingError: one sentence.
    """
    _types(config, schema)
    result_names.check(config)
    for name, dataset in config["datasets"].items():
        datasets.check(name, dataset)
    for study in config["studies"] if studies is None else studies:
        run_checks.references(config, study)
    _datamodels(config["datamodels"])
    draws.check(config)
    one_of("retraining.shown_l2", config["retraining"]["shown_l2"], config["retraining"]["convex_l2"])
    shown, targets = max(config["truth"]["shown"]["targets"]), config["truth"]["targets"]
    if shown >= targets:
        raise SettingError(
            f"truth.shown.targets holds {shown}, but truth.targets is {targets}; allowed are numbers below {targets}"
        )
    one_of("truth.shown.alpha", config["truth"]["shown"]["alpha"], config["truth"]["alphas"])
    for name, recipe in config["models"].items():
        interval = recipe.get("rescale", {}).get("from", [0, 1])
        if interval[0] == interval[1]:
            raise SettingError(f"models.{name}.rescale.from is {interval}; allowed are two different numbers")
    for section in ("inspection", "retrieval"):
        one_of(f"{section}.baseline", config[section]["baseline"], config["methods"][section])
    for method in ("l-relative", "embedding-cosine"):
        if method not in config["methods"]["boundary_overlap"]:
            raise SettingError(f"methods.boundary_overlap lacks '{method}', which all others are compared with; add it")
    for variant in config["evaluation"]["variants"]:
        one_of("evaluation.variants", variant, config["groups"]["variants"])


def _types(config: dict, schema: dict) -> None:
    error = best_match(Draft202012Validator(schema).iter_errors(config))
    if error is not None:
        raise SettingError(_sentence(error))


def _datamodels(settings: dict) -> None:
    subsets = sum(settings["shards"])
    for extent in ("small", "full"):
        if max(settings[extent]) > subsets:
            raise SettingError(
                f"datamodels.{extent} holds {max(settings[extent])}, but datamodels.shards hold {subsets} subsets; "
                f"allowed is at most {subsets}"
            )
    one_of("datamodels.shown_alpha", settings["shown_alpha"], settings["alphas"])


def _sentence(error) -> str:
    path = list(error.absolute_path)
    found = json.dumps(error.instance, default=str, ensure_ascii=False)
    found = found if len(found) < 80 else found[:77] + "..."
    if error.validator == "additionalProperties":
        known = [name for name, allowed in error.schema.get("properties", {}).items() if allowed is not False]
        unknown = sorted(set(error.instance) - set(known), key=str)
        if path[:1] == ["models"] and unknown[0] in NOT_OF_RECIPES:
            return f"{key_of([*path, unknown[0]])} is not a setting: {NOT_OF_RECIPES[unknown[0]]}"
        return f"{key_of([*path, unknown[0]])} is not a setting; allowed here are {', '.join(known)}"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{key_of([*path, missing[0]])} is missing; set it, config/README.md says how"
    if "propertyNames" in error.absolute_schema_path:
        return f"{key_of(path)} has the name {found}; allowed is {_allowed(error)}"
    return f"{key_of(path)} is {found}; allowed is {_allowed(error)}"


def _allowed(error) -> str:
    if "allowed" in error.schema and error.validator in ("const", "pattern", "minProperties"):
        return error.schema["allowed"]  # the schema's own words
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
        "minProperties": lambda: f"{wanted} or more of the keys {', '.join(error.schema['properties'])}",
        "maxProperties": lambda: f"at most {wanted} of the keys {', '.join(error.schema['properties'])}",
        "minLength": lambda: "a text that is not empty",
        "pattern": lambda: f"a name of the form {wanted}",
    }
    return words.get(error.validator, lambda: error.message)()
