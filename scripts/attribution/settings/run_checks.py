"""Whether settings fit a study, and the data of a run: asked for what is built, before its first job."""

import difflib
import json
from collections.abc import Callable

from attribution.settings import datasets, draws, points, recipes, shared_data
from attribution.settings.errors import SettingError, one_of

# What only studies of toy data need: its figures and tables name subgroups and other recipes.
OF_TOY = ("target", "other", "compared", "recipes", "retrained", "seeds")

LOOKUPS = {"dataset": "datasets", "model": "models"} | dict.fromkeys(
    ("compared", "recipes", "retrained", "attributed"), "models"
)


def group(groups: dict, variant: str, study: dict | None = None) -> dict:
    """The settings of Algorithm 1 with a study's changes, and over them a variant's.

    Args:
        groups: section `groups`. variant: its name, or "" for the section's own values.
        study: one of `studies`, whose `groups` may change single keys.
    """
    base = {key: value for key, value in groups.items() if key != "variants"} | (study or {}).get("groups", {})
    return base | (groups["variants"][variant] if variant else {})


def study_of(config: dict, dataset: str) -> str | None:
    """Name of the study whose changes hold for a data set: the first that names it."""
    return next((name for name, study in config["studies"].items() if study["dataset"] == dataset), None)


def references(config: dict, name: str) -> None:
    """Check that data set and models of a study are defined.

    Raises:
        SettingError: one sentence.
    """
    chosen = config["studies"][name]
    for key in [key for key in LOOKUPS if key in chosen]:
        values = chosen[key] if isinstance(chosen[key], list) else [chosen[key]]
        for value in values:
            one_of(f"studies.{name}.{key}", value, config[LOOKUPS[key]])
            if LOOKUPS[key] == "models":
                recipe_of(config, value, chosen["dataset"])
    for model in chosen.get("agreement", {}).get("models", []):
        one_of(f"studies.{name}.agreement.models", model, config["models"])
    for key in ("models", "datasets"):
        for value in chosen.get("border", {}).get(key, []):
            one_of(f"studies.{name}.border.{key}", value, config[key])
    for value in chosen.get("stop_conditions", []):
        one_of(f"studies.{name}.stop_conditions", value, config["datasets"])


def recipe_of(config: dict, model: str, dataset: str) -> dict:
    """A recipe with what it says of a data set's classes by their numbers.

    Raises:
        SettingError: one sentence, for class weights of classes that the data set has not.
    """
    recipe = config["models"][model]
    if not isinstance(recipe.get("class_weights"), dict):
        return recipe
    return recipes.numbered(model, recipe, dataset, datasets.labels(config["datasets"][dataset]))


def study(config: dict, name: str) -> None:
    """Check what only this study needs, and that its data set's results are of its settings.

    Raises:
        SettingError: one sentence.
    """
    references(config, name)
    chosen = config["studies"][name]
    dataset = config["datasets"][chosen["dataset"]]
    if dataset["loader"] == "toy":
        for key in OF_TOY:
            if key not in chosen:
                raise SettingError(
                    f"studies.{name}.{key} is missing; a study of toy data needs it, config/README.md says how"
                )
    for key in [key for key in ("target", "other") if key in chosen]:
        _subgroup(f"studies.{name}.{key}", chosen[key], config, chosen["dataset"])
    for model in chosen.get("retrained", []):
        reason = recipes.one_by_one(config["models"][model])
        if reason:
            raise SettingError(f"studies.{name}.retrained holds {json.dumps(model)}, whose {reason}")
    trainings = chosen.get("agreement")
    if trainings and len(trainings["models"]) * len(trainings["seeds"]) < 2:
        raise SettingError(
            f"studies.{name}.agreement names a single training; allowed are two models or seeds, or more"
        )
    shared_data.require(config, study_of(config, chosen["dataset"]), name)


def target(config: dict, dataset: str, n: int | None) -> None:
    """Check that results which name a target subgroup have a study that says which."""
    name = study_of(config, dataset)
    if name is None:
        raise SettingError(
            f"no study names data set '{dataset}', and this result needs its target; "
            f"add studies.NAME with dataset: {dataset}, config/README.md says how"
        )
    study(config, name)


def groups(config: dict, dataset: str, n: int | None, variant: str = "") -> None:
    """Check size, seeds and excluded points of groups of a data set.

    Args:
        n: training points, or None where nothing says.

    Raises:
        SettingError: one sentence.
    """
    chosen, where = _group(config, dataset, variant)
    excluded = points.alone(chosen["excluded"])
    _excluded(where("excluded"), excluded, dataset, n)
    _size(where("size"), chosen["size"], dataset, n, len(excluded))
    _seeds(where("seeds"), chosen["seeds"], config, dataset, n, len(excluded))
    _starts(where("seeds"), chosen["seeds"], excluded, where("size"), chosen["size"])


def boundary_groups(config: dict, dataset: str, n: int | None) -> None:
    """The same of groups by boundary scores, which have a size of their own."""
    chosen, where = _group(config, dataset, "")
    excluded = points.alone(chosen["excluded"])
    _excluded(where("excluded"), excluded, dataset, n)
    size = config["boundary"]["greedy"]["size"]
    _size("boundary.greedy.size", size, dataset, n, len(excluded))
    _seeds(where("seeds"), chosen["seeds"], config, dataset, n, len(excluded))
    _starts(where("seeds"), chosen["seeds"], excluded, "boundary.greedy.size", size)


def overlap(config: dict, dataset: str, n: int | None) -> None:
    """The same of section `overlap`."""
    _size("overlap.size", config["overlap"]["size"], dataset, n, 0)
    _seeds("overlap.seeds", config["overlap"]["seeds"], config, dataset, n, 0)


def compared_groups(config: dict, dataset: str, n: int | None) -> None:
    """The same of groups that all methods grow from the seeds of section `overlap`; injected images replace those."""
    _size("boundary.greedy.size", config["boundary"]["greedy"]["size"], dataset, n, 0)
    if not config["datasets"][dataset].get("inject"):
        _seeds("overlap.seeds", config["overlap"]["seeds"], config, dataset, n, 0)


def targets(config: dict, dataset: str, n: int | None) -> None:
    """Check the rows of the influence matrix, the study's or the section's."""
    where, chosen = _targets(config, dataset)
    _seeds(where, chosen, config, dataset, n, 0)


def constraints(config: dict, dataset: str, n: int | None) -> None:
    """The same of points that must be in one part of a partition, or in several."""
    for where, chosen in _lists(config, dataset, constraints, ""):
        for index, listed in enumerate(chosen):
            _excluded(f"{where}[{index}]", points.alone(listed), dataset, n)


def _targets(config: dict, dataset: str) -> tuple[str, list]:
    """Where the rows of the influence matrix stand, and the points that they are; none where all are."""
    name = study_of(config, dataset)
    own = config["studies"][name].get("influence", {}) if name else {}
    where = f"studies.{name}.influence.targets" if "targets" in own else "influence.targets"
    chosen = own.get("targets", config["influence"]["targets"])
    return where, [] if chosen == "all" else chosen


def explained(config: dict, dataset: str, n: int | None) -> None:
    """Check the classes whose test points are explained."""
    _classes("answers.explanations.classes", config["answers"]["explanations"]["classes"], config, dataset)


def suspicious(config: dict, dataset: str, n: int | None) -> None:
    """The same of the classes whose training points are shown."""
    _classes("answers.suspicious.classes", config["answers"]["suspicious"]["classes"], config, dataset)


def _classes(where: str, chosen, config: dict, dataset: str) -> None:
    """Raise unless names are classes of a data set; without names they go by their numbers."""
    known = datasets.labels(config["datasets"][dataset])
    for name in [] if chosen == "all" or not known else chosen:
        one_of(where, name, known)


def drawn(config: dict, dataset: str, per_class: list[int], check, variant: str = "") -> None:
    """Check that each class has the points that seeds draw of it, before anything is trained.

    Args:
        per_class: training points of each class. check: `groups`, `boundary_groups`, `overlap` or `compared_groups`,
            whose seeds are meant; nothing is checked for another.

    Raises:
        SettingError: one sentence with the class.
    """
    names = datasets.class_names(config["datasets"][dataset]) or [str(label) for label in range(len(per_class))]
    for where, chosen in _lists(config, dataset, check, variant):
        for index, seed in enumerate(chosen):
            of_classes = isinstance(seed, dict) and "each_class" in seed
            asked = draws.each(seed, len(per_class)) if of_classes else 0
            for label, count in enumerate(per_class):
                if count < asked:
                    raise SettingError(
                        f"{where}[{index}].each_class is {asked}, but class '{names[label]}' of data set '{dataset}' "
                        f"has {count} training points; allowed is at most {min(per_class)}"
                    )


def own_rows(config: dict, dataset: str, known: int | None, check, variant: str = "") -> None:
    """Check that rows of the user's own that a check's points are named by are rows of the source.

    Args:
        known: training rows of the source, None where nothing says. check: as in `drawn`, or `targets`.

    Raises:
        SettingError: one sentence with the row.
    """
    for where, chosen in _lists(config, dataset, check, variant):
        rows(where, [name for kind, name in points.named(chosen) if kind == "row"], dataset, known)


def rows(where: str, chosen: list[int], dataset: str, known: int | None, part: str = "training") -> None:
    """Check that rows of a part, as `where` names them, are below the number of those that the source has.

    Raises:
        SettingError: one sentence with the row.
    """
    for row in chosen:
        if known is not None and row >= known:
            raise SettingError(
                f"{where} names row {row}, but the source of data set '{dataset}' has {known} {part} rows; allowed are "
                f"rows from 0 to {known - 1}"
            )


def own_ids(config: dict, dataset: str, known: Callable[[], list[str] | None], check, variant: str = "") -> None:
    """The same of ids.

    Args:
        known: gives ids of the training points of the source, see `ids`; asked only where a point is named by one.
    """
    for where, chosen in _lists(config, dataset, check, variant):
        names = [name for kind, name in points.named(chosen) if kind == "id"]
        if names:
            ids(where, names, config, dataset, known())


def ids(where: str, chosen: list[str], config: dict, dataset: str, known: list[str] | None, part="training") -> None:
    """Check that ids of points of a part, as `where` names them, are ids of the source.

    Args:
        known: those of the source, none where it has none, None where nothing says.

    Raises:
        SettingError: one sentence with the id, the source and the id that is nearest to it.
    """
    path = config["datasets"][dataset].get("path")
    source = f"'{path}', the source of data set '{dataset}'," if path else f"data set '{dataset}'"
    held = set(known or [])
    for name in [name for name in chosen if known is not None and name not in held]:
        if not known:
            raise SettingError(f"{where} names id '{name}', but {source} has no ids; name points by {{row: NUMBER}}")
        near = difflib.get_close_matches(name, known, 1)
        perhaps = f"perhaps '{near[0]}' is meant" if near else f"ids there are as '{known[0]}' and '{known[-1]}'"
        raise SettingError(f"{where} names id '{name}', which no {part} point of {source} has; {perhaps}")


def _lists(config: dict, dataset: str, check, variant: str) -> list[tuple[str, list]]:
    """The points that a check is about, each list with where it stands."""
    if check in (overlap, compared_groups):
        return [("overlap.seeds", config["overlap"]["seeds"])]
    if check in (groups, boundary_groups):
        chosen, where = _group(config, dataset, variant)
        return [(where(key), chosen[key]) for key in ("seeds", "excluded")]
    if check is constraints:
        return [(f"partition.{key}", config["partition"][key]) for key in ("together", "apart")]
    return [_targets(config, dataset)] if check is targets else []


def _group(config: dict, dataset: str, variant: str):
    """Settings of Algorithm 1 for a data set, and a function that names where one of them stands."""
    name = study_of(config, dataset)
    study = config["studies"][name] if name else {}

    def where(key):
        if variant and key in config["groups"]["variants"][variant]:
            return f"groups.variants.{variant}.{key}"
        return f"studies.{name}.groups.{key}" if key in study.get("groups", {}) else f"groups.{key}"

    return group(config["groups"], variant, study), where


def _excluded(where: str, excluded: list, dataset: str, n: int | None) -> None:
    for index in excluded:
        _index(where, index, dataset, n)


def _index(where: str, index, dataset: str, n: int | None) -> None:
    """Raise unless what is a position is one of data.h5."""
    if isinstance(index, int) and n is not None and index >= n:
        raise SettingError(
            f"{where} holds {index}, but data set '{dataset}' has {n} training points; allowed are indices below {n}, "
            "which count in the shuffled data.h5, and {row: NUMBER} for a row of your own"
        )


def _size(where: str, size: int, dataset: str, n: int | None, excluded: int) -> None:
    if n is not None and size > n - excluded:
        raise SettingError(
            f"{where} is {size}, but data set '{dataset}' has {n} training points, of which "
            f"{excluded} are excluded; allowed is at most {n - excluded}"
        )


def _seeds(where: str, seeds: list, config: dict, dataset: str, n: int | None, excluded: int) -> None:
    for index, seed in enumerate(seeds):
        if isinstance(seed, list):
            _seeds(f"{where}[{index}]", seed, config, dataset, n, excluded)
        elif isinstance(seed, dict):
            if n is not None and seed.get("random", 0) > n - excluded:
                raise SettingError(
                    f"{where}[{index}].random is {seed['random']}, but data set '{dataset}' has {n} training points, "
                    f"of which {excluded} are excluded; allowed is at most {n - excluded}"
                )
        elif isinstance(seed, str):
            _subgroup(where, seed, config, dataset)
        else:
            _index(where, seed, dataset, n)
        if not isinstance(seed, list | dict) and seed in seeds[:index]:
            raise SettingError(f"{where}[{index}] is {json.dumps(seed)} a second time; allowed is each point once")


def _starts(where: str, seeds: list, excluded: list, of_size: str, size: int) -> None:
    """Check the lists among seeds: all members must be in the group, and no two lists are the same."""
    lists = [(index, points.alone(seed)) for index, seed in enumerate(seeds) if isinstance(seed, list)]
    for index, start in lists:
        out = [point for point in start if point in excluded]
        if out:
            raise SettingError(f"{where}[{index}] holds {out[0]}, which is excluded; take it out of one of the two")
        if len(start) > size:
            raise SettingError(f"{where}[{index}] holds {len(start)} points, but {of_size} is {size}; raise it")
        for other, before in lists:
            if other < index and set(map(str, before)) == set(map(str, start)):
                raise SettingError(f"{where}[{index}] holds the points of {where}[{other}]; allowed is each group once")


def _subgroup(where: str, value: str, config: dict, dataset: str) -> None:
    """Raise unless a data set has a subgroup of that name; without names they go by their numbers."""
    known = datasets.subgroups(config["datasets"][dataset])
    if known:
        one_of(where, value, known)
    elif not value.isdecimal():
        raise SettingError(
            f"{where} names {json.dumps(value, ensure_ascii=False)}, but data set '{dataset}' has no names of "
            f"subgroups; give indices or draws there, or datasets.{dataset}.class_names"
        )
