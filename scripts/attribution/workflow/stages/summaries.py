"""What the rule of summaries needs: what a target builds of a study, with its tables and their captions."""

import os
import re
from pathlib import Path

from snakemake.io import ancient
from snakemake.iocontainers import Wildcards

from attribution.workflow import attributions, contents, figures, studies, targets
from attribution.workflow.stages import tables

# keys of a study that list models which it trains beside its own
MODELS = ("compared", "recipes", "retrained", "attributed")


def built(config: dict, wildcards) -> list[str]:
    """Everything that a target builds of a study, or, where the wildcard names none, what target `own` does; and the
    tables that its figures are drawn from."""
    asked, drawn = _with_sources(config, wildcards)
    return list(dict.fromkeys([*asked, *filter(_of_path, drawn)]))


def _with_sources(config: dict, wildcards) -> tuple[list[str], list[str]]:
    """What the target builds of the study, and the files that figures among it are drawn from."""
    study, target = wildcards.study, wildcards.of.removeprefix("-")
    asked = targets.of_study(config, target, study) if target else targets.own_of_study(config, study)
    return asked, [path for file in asked for path in _drawn_from(config, study, file)]


def shown(config: dict, wildcards) -> dict[str, list[str]]:
    """Tables on the page, in the target's order: path -> title and name of the caption's file."""
    found = _tables(config, wildcards).items()
    return {path: [table.title, Path(tables.caption(table, "")).name] for path, table in found}


def _tables(config: dict, wildcards) -> dict[str, tables.Table]:
    """Those that are built, by their paths."""
    found = {path: _of_path(path) for path in built(config, wildcards)}
    return {path: table for path, table in found.items() if table is not None}


def others(config: dict, wildcards):
    """What else is built. The page comes after it, as it says what all jobs took, and shows none of it: another version
    of it, a figure in another style, changes nothing there."""
    return ancient([path for path in built(config, wildcards) if _of_path(path) is None])


def captions(config: dict, folder: Path, wildcards):
    """Captions of these tables, inputs from outside results/; empty where there is none."""
    chosen = _tables(config, wildcards).values()
    paths = {os.path.relpath(tables.caption(table, str(folder))): None for table in chosen}
    return contents.by_content(list(paths))


def run_of(config: dict, wildcards) -> dict[str, str]:
    """Results of the study's own run that say what data, network and accuracy are; of a last layer its factors, and of
    a run of which the target builds nothing the data alone, so that no page trains a network."""
    data = {"data": studies.named_path(config, wildcards.study)}
    if not needs_own_run(config, wildcards):
        return data
    names = {"gradients": "gradients.h5", "history": "history.csv", "model": "model.keras"}
    if studies.is_last_layer(config, config["studies"][wildcards.study]["model"]):
        names = {"gradients": "gradients.h5"}
    found = {key: studies.run_path(config, wildcards.study, name, scope="last_layer") for key, name in names.items()}
    return found | data


def needs_own_run(config: dict, wildcards) -> bool:
    """Whether something that the target builds of the study, or what that is made from, is of the study's own run."""
    name = wildcards.study
    home = f"{os.path.dirname(studies.run_path(config, name, 'gradients.h5', scope='last_layer'))}/"
    asked, drawn = _with_sources(config, wildcards)
    of_study = f"results/{name}/"
    return any(
        path.startswith(home) or (path.startswith(of_study) and _is_over_own(config, name, path.removeprefix(of_study)))
        for path in [*asked, *drawn]
    )


def _is_over_own(config: dict, study: str, table: str) -> bool:
    """Whether a table over trainings may be over the study's own one too."""
    chosen = config["studies"][study]
    over = targets.over(table)
    if table == "agreement.csv":
        return chosen["model"] in chosen["agreement"]["models"] and chosen["seed"] in chosen["agreement"]["seeds"]
    if over == attributions.BORDER:
        return chosen["model"] in chosen["border"]["models"]
    return chosen["model"] in chosen["attributed"] if over == "attributed" else chosen["seed"] in chosen["seeds"]


def history_of(config: dict, wildcards) -> str | list[str]:
    """The curve of the study's own training; none of a last layer alone, or where the target builds nothing of it."""
    return run_of(config, wildcards).get("history", [])


def facts(config: dict, wildcards) -> dict:
    """What no result says: the settings' words for the study and its target, and the networks that are its own."""
    study, target = config["studies"][wildcards.study], wildcards.of.removeprefix("-")
    trained = [study["model"], *(name for key in MODELS for name in study.get(key, []))]
    trained += study.get("agreement", {}).get("models", [])
    return {
        "dataset": study["dataset"],
        "model": study["model"],
        "seed": study["seed"],
        "recipe": config["models"][study["model"]],
        "models": list(dict.fromkeys(trained)),
        "description": config["targets"][target]["description"] if target else "",
    }


def _of_path(path: str) -> tables.Table | None:
    """The entry of a table by its path: of its name, or of that with the folder's."""
    parts = Path(path).parts
    return next(filter(None, (tables.of("/".join(parts[-count:])) for count in (2, 1))), None)


def _drawn_from(config: dict, study: str, path: str) -> list[str]:
    """Files that a figure of the study is drawn from."""
    name = path.removeprefix(f"results/figures/{study}/").removesuffix(".png")
    for figure in figures.TABLE.values():
        found = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.*)", re.escape(figure.file)), name)
        if found:
            wildcards = Wildcards(fromdict={"study": study} | found.groupdict())
            read = [function(wildcards) for function in figures.inputs_of(figure, config).values()]
            files = [file for part in read for file in ([part] if isinstance(part, str) else part)]
            return [str(file) for file in files]
    return []
