"""Check the configuration before any job starts: one sentence for the first thing that is wrong."""

import json

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from attribution import datasets
from attribution.datasets import subgroups
from attribution.setting_errors import SettingError, one_of

__all__ = ["SettingError", "check", "group", "subgroups"]

# What only studies of toy data need: its figures and tables name subgroups and other recipes.
OF_TOY = ("target", "other", "compared", "recipes", "retrained", "seeds")
LOOKUPS = {"dataset": "datasets", "model": "models", "compared": "models", "recipes": "models", "retrained": "models"}


def check(config: dict, schema: dict) -> None:
    """Validate types, ranges and names, then the references between sections.

    Raises:
        SettingError: one sentence.
    """
    error = best_match(Draft202012Validator(schema).iter_errors(config))
    if error is not None:
        raise SettingError(_sentence(error))
    for name, dataset in config["datasets"].items():
        datasets.check(name, dataset)
    for study, settings in config["studies"].items():
        for key in [key for key in LOOKUPS if key in settings]:
            values = settings[key] if isinstance(settings[key], list) else [settings[key]]
            for value in values:
                one_of(f"studies.{study}.{key}", value, config[LOOKUPS[key]])
        _agreement(config, study)
        dataset = config["datasets"][settings["dataset"]]
        if dataset["loader"] == "toy":
            for key in OF_TOY:
                if key not in settings:
                    raise SettingError(
                        f"studies.{study}.{key} is missing; a study of toy data needs it, config/README.md says how"
                    )
        names = subgroups(dataset)
        for key in [key for key in ("target", "other") if key in settings]:
            if not names:
                name = settings["dataset"]
                raise SettingError(
                    f"datasets.{name}.class_names is missing; studies.{study}.{key} needs it to name subgroups"
                )
            one_of(f"studies.{study}.{key}", settings[key], names)
        _group_size(config, study)
    _datamodels(config["datamodels"])
    one_of("retraining.shown_l2", config["retraining"]["shown_l2"], config["retraining"]["convex_l2"])
    for study, settings in config["studies"].items():
        for model in settings.get("retrained", []):
            if config["models"][model]["architecture"] != "mlp":
                raise SettingError(
                    f"studies.{study}.retrained holds {json.dumps(model)} of architecture "
                    f"{config['models'][model]['architecture']}; allowed are models of architecture mlp"
                )
    for name, recipe in config["models"].items():
        interval = recipe.get("rescale", {}).get("from", [0, 1])
        if interval[0] == interval[1]:
            raise SettingError(f"models.{name}.rescale.from is {interval}; allowed are two different numbers")
    for variant in config["evaluation"]["variants"]:
        one_of("evaluation.variants", variant, config["groups"]["variants"])


def group(groups: dict, variant: str, study: dict | None = None) -> dict:
    """The settings of Algorithm 1 with a study's changes, and over them a variant's.

    Args:
        groups: section `groups`. variant: its name, or "" for the section's own values.
        study: one of `studies`, whose `groups` may change single keys.
    """
    base = {key: value for key, value in groups.items() if key != "variants"} | (study or {}).get("groups", {})
    return base | (groups["variants"][variant] if variant else {})


def _agreement(config: dict, study: str) -> None:
    chosen = config["studies"][study].get("agreement")
    if chosen is None:
        return
    for model in chosen["models"]:
        one_of(f"studies.{study}.agreement.models", model, config["models"])
    if len(chosen["models"]) * len(chosen["seeds"]) < 2:
        raise SettingError(
            f"studies.{study}.agreement names a single training; allowed are two models or seeds, or more"
        )


def _group_size(config: dict, study: str) -> None:
    chosen = config["studies"][study]
    dataset, own = chosen["dataset"], chosen.get("groups", {})
    n, names = datasets.training_points(config["datasets"][dataset]), subgroups(config["datasets"][dataset])
    for variant in ("", *config["groups"]["variants"]):
        settings = group(config["groups"], variant, chosen)

        def where(key, variant=variant):
            if variant and key in config["groups"]["variants"][variant]:
                return f"groups.variants.{variant}.{key}"
            return f"studies.{study}.groups.{key}" if key in own else f"groups.{key}"

        if n is not None and settings["size"] > n - len(settings["excluded"]):
            raise SettingError(
                f"{where('size')} is {settings['size']}, but data set '{dataset}' has {n} training points, of which "
                f"{len(settings['excluded'])} are excluded; allowed is at most {n - len(settings['excluded'])}"
            )
        for seed in settings["seeds"]:
            if n is not None and isinstance(seed, int) and seed >= n:
                raise SettingError(f"{where('seeds')} holds {seed}; allowed are indices below {n}")
            if isinstance(seed, str):
                one_of(where("seeds"), seed, names)


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
    found = json.dumps(error.instance, default=str)
    found = found if len(found) < 80 else found[:77] + "..."
    if error.validator == "additionalProperties":
        known = [name for name, allowed in error.schema.get("properties", {}).items() if allowed is not False]
        unknown = sorted(set(error.instance) - set(known))
        return f"{_key([*path, unknown[0]])} is not a setting; allowed here are {', '.join(known)}"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{_key([*path, missing[0]])} is missing; set it, config/README.md says how"
    return f"{_key(path)} is {found}; allowed is {_allowed(error)}"


def _key(path: list) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "the config"


def _allowed(error) -> str:
    if "allowed" in error.schema and error.validator in ("const", "pattern"):
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
