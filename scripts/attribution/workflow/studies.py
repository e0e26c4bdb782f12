"""Studies and the settings of wildcards: which settings hold for a result, and where a study's results stand."""

import functools
import json
import os

from snakemake.exceptions import WorkflowError

from attribution.costs import data_sizes
from attribution.files import scopes
from attribution.settings import datasets, run_checks
from attribution.settings.errors import SettingError
from attribution.settings.run_checks import group

RUN = "results/{dataset}/{model}/seed{seed}"
SCOPES = ("last_layer", "all_layers")
# for scores by gradient ascent on a network whose training is not known
KERAS_DEFAULT = {"optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "epochs": 1, "schedule": []}

# what points of a data set are, in words
KINDS = {
    "discs": "subgroups of toy data",
    "plane": "points in a plane, of two classes",
    "images": "images",
    "others": "points that are neither images nor in a plane",
}


def in_one_sentence(check, *arguments, **named):
    """Stop with one sentence when a check finds that the configuration cannot be; else what it returns."""
    try:
        return check(*arguments, **named)
    except SettingError as error:
        raise WorkflowError(f"Configuration: {error}") from None


def scope_of(wildcards) -> str:
    """Name of the scope whose folder the wildcard gives; the last layer where there is none."""
    return getattr(wildcards, "scope", "")[1:] or "last_layer"


def setting(config: dict, path: str, wildcards=None):
    """The value of a setting, named with dots."""
    for key in path.split("."):
        config = config[key]
    return config


def part(config: dict, section: str, keys: tuple[str, ...], wildcards=None) -> dict:
    """Some keys of a section."""
    return {key: config[section][key] for key in keys}


def with_tie_seed(config: dict, path: str, wildcards=None) -> dict:
    """A section with what decides between equal scores in all of them."""
    return setting(config, path) | {"tie_seed": config["groups"]["tie_seed"]}


def study_of(config: dict, wildcards) -> dict:
    """The study that a data set belongs to: the first one that names it, or an empty one."""
    return config["studies"].get(run_checks.study_of(config, wildcards.dataset), {})


def subgroup_of_data(config: dict, key: str, wildcards) -> str:
    """The subgroup that a key of the study that a data set belongs to names, as data.h5 calls it."""
    return by_number(config, wildcards, study_of(config, wildcards)[key])


def of_study(config: dict, key: str, wildcards):
    """A key of the study in the wildcards.

    Raises:
        WorkflowError: one sentence where the study has none.
    """
    required(config, wildcards.study, key)
    return config["studies"][wildcards.study][key]


def kinds_of_data(dataset: dict) -> set[str]:
    """What a data set's points are, keys of KINDS; empty where its file, which would tell, cannot be read."""
    size = data_sizes.of_data(dataset)
    if not size["n"]:
        return set()
    shape = size["shape"]
    found = {"discs"} if dataset["loader"] == "toy" else set()
    found |= {"plane"} if shape == (2,) and size["classes"] == 2 else set()
    found |= {"images"} if len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3)) else set()
    return found or {"others"}


def recipe(config: dict, wildcards) -> dict:
    """The model's settings, class weights by the numbers of the data set's classes."""
    return in_one_sentence(run_checks.recipe_of, config, wildcards.model, wildcards.dataset)


def class_weights(config: dict, wildcards) -> str | list[float]:
    """Weights of the classes in the objective: `balanced`, or one a class; nothing where all are 1."""
    return recipe(config, wildcards).get("class_weights", [])


def training_of(config: dict, wildcards) -> dict:
    """How the model was trained; a trained file of the user's does not say."""
    return training_of_model(config, wildcards.model) or KERAS_DEFAULT


def training_of_model(config: dict, model: str) -> dict:
    """The same by the model's name; empty for a trained file."""
    return config["models"][model].get("training", {})


def is_last_layer(config: dict, model: str) -> bool:
    """Whether a recipe is features and a last layer alone, and no network that takes samples."""
    return config["models"].get(model, {}).get("architecture") == "factors"


def may_convolve(config: dict, model: str) -> bool:
    """Whether a recipe's network may have a convolution; a file of one's own is not read for that."""
    return config["models"].get(model, {}).get("architecture") not in ("mlp", "factors")


def without_network(model: str, what: str) -> str:
    """The sentence for what such a run has not."""
    return (
        f"{what}: this needs the network itself, and models.{model} has architecture factors, which is the features "
        "and the last layer of one; give the network as architecture keras-file, or as python-file where it is trained "
        "again, or ask for results of the last layer"
    )


def data_settings(config: dict, wildcards) -> dict:
    """What the data of a data set is made from: its settings with all defaults, without what is only shown."""
    dataset = config["datasets"][wildcards.dataset]
    path = dataset.get("path", "")
    version = os.stat(path).st_mtime_ns if os.path.exists(path) else 0
    return datasets.numbered(dataset, _has_text_labels(json.dumps(dataset), version))


@functools.cache
def _has_text_labels(dataset: str, version: int) -> bool:
    return data_sizes.has_text_labels(json.loads(dataset))


def subgroups(config: dict, wildcards) -> list[str]:
    """The subgroups of a data set as data.h5 calls them."""
    return datasets.subgroups(data_settings(config, wildcards))


def shown_names(config: dict, wildcards) -> dict[str, list[str]]:
    """What classes and subgroups of a data set are called where they are shown; empty where only the file knows."""
    dataset = config["datasets"][wildcards.dataset]
    return {"class_names": datasets.labels(dataset), "subgroup_names": datasets.subgroups(dataset)}


def by_number(config: dict, wildcards, points, names=datasets.subgroups):
    """A name of a subgroup, or those in a list of points, as data.h5 has them; all else as it is.

    Args:
        names: settings of a data set -> its subgroups, or `datasets.labels` for its classes.
    """
    if isinstance(points, list):
        return [by_number(config, wildcards, point, names) for point in points]
    if not isinstance(points, str):
        return points
    own = names(config["datasets"][wildcards.dataset])
    return dict(zip(own, names(data_settings(config, wildcards)), strict=True)).get(points, points)


def damping(config: dict, wildcards) -> dict:
    """What is added to the Hessian's diagonal in a job's scope."""
    return config["influence"]["damping"][scope_of(wildcards)]


def overlap_settings(config: dict, wildcards) -> dict:
    """Section `overlap`, with direction and ties of the data set's groups."""
    chosen = group(config["groups"], "", study_of(config, wildcards))
    seeds = by_number(config, wildcards, config["overlap"]["seeds"])
    return config["overlap"] | {key: chosen[key] for key in ("direction", "tie_seed")} | {"seeds": seeds}


def influence_targets(config: dict, wildcards):
    """Rows of the influence matrix: the study's, else those of section `influence`."""
    chosen = study_of(config, wildcards).get("influence", {}).get("targets", config["influence"]["targets"])
    return chosen if chosen == "all" else by_number(config, wildcards, chosen)


def group_variant(config: dict, wildcards) -> str:
    """Name of the variant that the wildcard gives, or an empty one.

    Raises:
        WorkflowError: for one that the settings lack.
    """
    variant = wildcards.variant.removeprefix("-")
    if variant and variant not in config["groups"]["variants"]:
        known = ", ".join(config["groups"]["variants"])
        raise WorkflowError(
            f"groups-{variant}.h5 was asked for, but groups.variants has no '{variant}'; defined are {known}"
        )
    return variant


def group_settings(config: dict, wildcards) -> dict:
    """Settings of Algorithm 1 for a variant; without one the section's own values, with the study's changes."""
    variant = group_variant(config, wildcards) if hasattr(wildcards, "variant") else ""
    found = group(config["groups"], variant, study_of(config, wildcards))
    return found | {"seeds": by_number(config, wildcards, found["seeds"])}


def evaluated_variants(config: dict, wildcards) -> list[str]:
    """Variants of Algorithm 1 that evaluation.csv compares; the adaptive form exists in the last layer only."""
    chosen = config["evaluation"]["variants"]
    if scope_of(wildcards) == "last_layer":
        return list(chosen)
    return [name for name in chosen if not group(config["groups"], name)["adaptive"]]


def runs_of(config: dict, study: str) -> list[tuple[str, int]]:
    """(model, seed) of every training in the table over seeds."""
    chosen = config["studies"][study]
    return [(model, seed) for model in chosen["recipes"] for seed in chosen["seeds"]]


def runs_of_study(config: dict, wildcards) -> list[list]:
    """The same of the study in the wildcards, as a parameter."""
    return [list(run) for run in runs_of(config, wildcards.study)]


def required(config: dict, study: str, *keys: str) -> None:
    """Stop with one sentence where the settings lack a study that a target names, or a key of it."""
    if study not in config["studies"]:
        raise WorkflowError(f"studies.{study} is switched off in the settings, and this target is of that study")
    in_one_sentence(run_checks.study, config, study)
    for key in keys:
        if key not in config["studies"][study]:
            raise WorkflowError(f"studies.{study}.{key} is missing; set it, config/README.md says how")


def data_path(config: dict, study: str) -> str:
    return f"results/{config['studies'][study]['dataset']}/data.h5"


def named_path(config: dict, study: str) -> str:
    """The data of a study with the names that are shown."""
    return f"results/{config['studies'][study]['dataset']}/named.h5"


def run_path(config: dict, study: str, name: str, model=None, seed=None, scope=None) -> str:
    """Path of a result of a study; model, seed and scope are the study's own unless given.

    `{export}` in its name is the form of exported tables.
    """
    in_one_sentence(run_checks.study, config, study)
    name = name.replace("{export}", config["answers"]["export"])
    chosen = config["studies"][study]
    run = RUN.format(
        dataset=chosen["dataset"],
        model=model or chosen["model"],
        seed=chosen["seed"] if seed is None else seed,
    )
    scope = scope or chosen["scope"]
    images = config["datasets"][chosen["dataset"]]["loader"] != "toy"
    own = scope == "last_layer" or scopes.scope_of(name, images) == "run"
    return f"{run}/{name}" if own else f"{run}/{scope}/{name}"
